# The packages are installed for the whole container, so make gets no environment of its own (VENV is empty).
#   docker build --tag precision_marketing .
#   docker run --volume .../your_shop:/project/your_shop --volume .../.secrets:/project/.secrets ... make build SOURCE=your_shop
# Keep .secrets, warehouse, published, privacy and exports on volumes: docs/operations.md says why.
FROM python:3.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 shop
WORKDIR /project
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
COPY --chown=shop:shop . ./
RUN chown shop:shop /project
USER shop
ENV VENV="" PYTHON=python
CMD ["make", "build"]
