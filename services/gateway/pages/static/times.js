// Keeps "4 min ago" true, and tells the server the reader's time zone for the next page.
const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Sets the clock going. */
export function times() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`zone=${zone}`))
    document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  setInterval(tick, 20000);
}

function tick() {
  const words = document.body.dataset;
  for (const time of document.querySelectorAll("time:not([data-exact])")) {
    const passed = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (!(passed < 24 * HOUR)) continue; // days do not tick
    const text =
      passed < MINUTE ? words.now
      : passed < HOUR ? words.minutes.replace("{n}", Math.floor(passed / MINUTE))
      : words.hours.replace("{n}", Math.floor(passed / HOUR));
    if (time.textContent !== text) time.textContent = text;
  }
}
