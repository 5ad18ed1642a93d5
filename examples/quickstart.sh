#!/usr/bin/env bash
# Upload a real table, train a KAN on it, watch, predict, read the curves, take the picture home.
#   make serve                    (in another terminal)
#   examples/quickstart.sh        KAN_URL=http://127.0.0.1:8000  PRESET=balanced  SEED=0  OUT=.
set -euo pipefail

url=${KAN_URL:-http://127.0.0.1:8000}
preset=${PRESET:-balanced}
seed=${SEED:-0}
out=${OUT:-.}
data="$(cd "$(dirname "$0")" && pwd)/data/concrete.csv"
call() { curl --silent --show-error --fail-with-body "$@"; }
field() { python3 -c 'import json, sys; value = json.load(sys.stdin)
for key in sys.argv[1].split("."): value = value[key]
print(value)' "$1"; }

echo "1. upload $(basename "$data")"
dataset=$(call -X POST "$url/v1/datasets?name=concrete" -H 'Content-Type: text/csv' --data-binary "@$data" | field id)
echo "   $dataset"

echo "2. train"
job=$(call -X POST "$url/v1/jobs" -H 'Content-Type: application/json' -d "{
  \"kind\": \"train\", \"dataset\": \"$dataset\", \"model\": \"concrete\",
  \"targets\": [\"compressive_strength\"], \"preset\": \"$preset\", \"seed\": $seed}" | field id)
echo "   $job"

echo "3. watch (server-sent events until the job ends)"
call --no-buffer -H 'Accept: text/event-stream' "$url/v1/jobs/$job/events" | grep --line-buffered -E '"type":"(stage|status|end)"' | cut -c1-120
test "$(call "$url/v1/jobs/$job" | field status)" = succeeded
call "$url/v1/jobs/$job" | field result.metrics.test

version=$(call "$url/v1/jobs/$job" | field result.version)
model="$url/v1/models/concrete/versions/$version"

echo "4. predict: rows, named columns, CSV, and a plain GET"
call -X POST "$model/predict" -H 'Content-Type: application/json' \
  -d '{"rows": [[540, 0, 0, 162, 2.5, 1040, 676, 28], [332.5, 142.5, 0, 228, 0, 932, 594, 270]]}'
echo
call -X POST "$model/predict" -H 'Content-Type: application/json' -d '{"columns": {"age": [28], "cement": [540],
  "blast_furnace_slag": [0], "fly_ash": [0], "water": [162], "superplasticizer": [2.5], "coarse_aggregate": [1040],
  "fine_aggregate": [676]}}' | field predictions
head -n 3 "$data" | cut -d, -f1-8 | call -X POST "$model/predict" -H 'Content-Type: text/csv' -H 'Accept: text/csv' --data-binary @-
call "$model/predict?cement=540&blast_furnace_slag=0&fly_ash=0&water=162&superplasticizer=2.5&coarse_aggregate=1040&fine_aggregate=676&age=28" | field predictions

echo "5. predictions of the test rows"
call -H 'Accept: text/csv' "$model/predictions?dataset=$dataset&split=test&limit=3"

echo "6. curves and picture"
call "$model/activations" -o "$out/curves.json"
call "$model/plot.svg" -o "$out/concrete.svg"
echo "   $out/curves.json  $out/concrete.svg"
