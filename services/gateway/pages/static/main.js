// What scripts add to pages that work without them. Nothing here decides anything: the server does.
import { listen } from "./stream.js";
import { refresh } from "./refresh.js";
import { keys } from "./keys.js";
import { answers } from "./answers.js";
import { times } from "./times.js";

times();
keys();
answers();
listen(refresh);
