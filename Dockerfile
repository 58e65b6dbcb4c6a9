# The service with Mesa's software Vulkan driver; a GPU passed into the container takes precedence.
FROM node:20-trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libvulkan1 mesa-vulkan-drivers \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /colonnade
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY . .
USER node
ENV COLONNADE_HOST=0.0.0.0
# Answers under addresses and localhost; names, such as that of a proxy, go into COLONNADE_ALLOWED_HOSTS.
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD node -e "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"
CMD ["node", "--import", "tsx", "server/main.ts"]
