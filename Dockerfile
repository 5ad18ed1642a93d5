# syntax=docker/dockerfile:1
# Two stages: `build` makes the environment, the image that runs gets nothing but that and a user of its own.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
# Where torch comes from. Every build of it trains on the CPU; empty takes the package index's own build, which carries
# CUDA and some GB. --build-arg TORCH_INDEX=<PyTorch's CPU index> makes a small image, <its index of one CUDA version>
# an image for the GPU of that driver.
ARG TORCH_INDEX=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/kan
ENV PATH=/opt/kan/bin:$PATH
WORKDIR /src
# What we stand on is a layer of its own: a change of our code downloads nothing.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt
RUN python -m pip install -c constraints.txt ${TORCH_INDEX:+--extra-index-url} ${TORCH_INDEX} -r requirements.txt
COPY README.md ./
COPY kan ./kan
COPY service ./service
COPY migrations ./migrations
RUN python -m pip install --no-deps .
# The kernels are compiled here; a machine with another type of CPU compiles them again, so the cache can be written to.
ENV NUMBA_CACHE_DIR=/opt/kan/kernels
RUN cd / && python -m kan.kernels.cpu.warm

FROM python:${PYTHON_VERSION}-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data kan
COPY --from=build /opt/kan /opt/kan
RUN chown -R kan /opt/kan/kernels
# Inside a container every address is reachable from outside it, so the service wants a key here, or KAN_AUTH=off.
ENV PATH=/opt/kan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/opt/kan/kernels \
    KAN_HOST=0.0.0.0 \
    KAN_PORT=8000 \
    KAN_DATABASE_URL=sqlite:////data/kan.sqlite3
USER kan
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['KAN_PORT'] + '/readyz', timeout=4)"]
ENTRYPOINT ["kan"]
CMD ["serve"]
