// Hears what happens. One stream per browser: the tab that holds the lock reads it and tells the others.
const ADDRESS = "/api/v1/stream";
const NAME = "ticketwire-stream";

/** Calls `heard(news)` for every event, whichever tab reads the stream; `{}` when some may have been missed. */
export function listen(heard) {
  if (!("EventSource" in window)) return;
  if (!navigator.locks || !("BroadcastChannel" in window)) {
    read(heard);
    return;
  }
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = (message) => heard(message.data);
  navigator.locks.request(NAME, () => new Promise(() => {
    // a tab that takes over from a closed one may have missed what came in between
    if (document.readyState === "complete") heard({});
    read((news) => {
      heard(news);
      channel.postMessage(news);
    });
  }));
}

function read(heard) {
  const source = new EventSource(ADDRESS);
  // what came between the page and its stream, or while the stream was away, is fetched
  source.onopen = () => heard({});
  source.onerror = () => {
    // refused for good (signed out, say): try again later, the browser itself will not
    if (source.readyState === EventSource.CLOSED) setTimeout(() => read(heard), 15000);
  };
  const take = (event) => {
    try {
      heard(JSON.parse(event.data));
    } catch {
      heard({});
    }
  };
  for (const name of ["ticket", "queue", "reset"]) source.addEventListener(name, take);
}
