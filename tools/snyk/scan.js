#!/usr/bin/env node
// Lists the packages of one image with Snyk's container scanner, without Snyk's service:
//   zcc-snyk-scan REFERENCE [PLATFORM]      the image in a registry, which it pulls itself (HTTPS only)
//   zcc-snyk-scan oci-archive:FILE [PLATFORM]
// Prints one "name@version" a line. Login: SNYK_REGISTRY_USERNAME and SNYK_REGISTRY_PASSWORD.
"use strict";

const plugin = require("snyk-docker-plugin");

async function main([image, platform]) {
  if (image === "--version") {
    console.log(require("snyk-docker-plugin/package.json").version);
    return;
  }
  const answer = await plugin.scan({ path: image, platform, imageSavePath: process.env.TMPDIR });
  const found = new Set();
  for (const result of answer.scanResults) {
    for (const fact of result.facts) {
      if (fact.type === "depGraph") {
        for (const each of fact.data.getDepPkgs()) {
          found.add(`${each.name}@${each.version || ""}`);
        }
      }
    }
  }
  for (const line of [...found].sort()) {
    console.log(line);
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`error: ${(error && error.message) || error}`);
  process.exitCode = 1;
});
