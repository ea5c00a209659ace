# The image of web, worker and beat; docker-compose.yml says how they stand together.

FROM node:22-slim AS npm
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt
COPY . .
COPY --from=npm /app/node_modules node_modules
RUN for po in locale/*/LC_MESSAGES/*.po; do \
        [ ! -e "$po" ] || pybabel --quiet compile --input-file "$po" --output-file "${po%.po}.mo" || exit 1; \
    done \
    && SOREDI_DATA_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0 --ignore scss \
    && rm -r node_modules

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SOREDI_DATA_DIR=/data
RUN useradd --system --user-group --no-create-home --uid 10001 soredi \
    && mkdir /data && chown soredi:soredi /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER soredi
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "soredi.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "3", \
     "--threads", "4", "--worker-tmp-dir", "/dev/shm", "--timeout", "60", "--no-control-socket"]
