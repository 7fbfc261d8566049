#!/usr/bin/env node
// In the repository, so that pnpm can link the command before it is built.
import "../dist/bin.js";
