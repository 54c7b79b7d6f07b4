/** A way to run a command so that neither its words nor its output show what it is; `A` are its words, without quotes in them. */
export type Disguise = (words: ReadonlyArray<string>, directory: string) => string

const octal = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")

const list = (words: ReadonlyArray<string>): string => words.map((word) => `"${word}"`).join(",")

/** Left to itself, with the shell waiting until it has ended. */
const leftAlone = (words: ReadonlyArray<string>, directory: string, how: (script: string) => string): string => {
  const done = `${directory}/done`
  return `mkfifo ${done}; ${how(`${words.join(" ")}; echo > ${done}`)}; cat ${done} > /dev/null`
}

/** Each leads to one process that runs the words. */
export const disguises: Readonly<Record<string, Disguise>> = {
  plainly: (words) => words.join(" "),
  "through base64": (words) => `echo ${Buffer.from(words.join(" ")).toString("base64")} | base64 -d | sh`,
  "in a here-document": (words) => `sh <<'END'\n${words.join(" ")}\nEND`,
  "with eval": (words) => `eval "$(printf '${octal(words.join(" "))}')"`,
  "by perl -e": (words) => `perl -e 'exec(${list(words)})'`,
  "by python3 -c": (words) => `/usr/bin/python3 -c 'import os; os.execv("${words[0]}", [${list(words)}])'`,
  "from a thread that becomes the process": (words) =>
    `/usr/bin/python3 -c 'import os, threading; threading.Thread(target=lambda: os.execv("${words[0]}", [${list(words)}])).start()'`,
  "by posix_spawn": (words) =>
    `/usr/bin/python3 -c 'import os; os.waitpid(os.posix_spawn("${words[0]}", [${list(words)}], {}), 0)'`,
  "from memory alone": (words) =>
    `/usr/bin/python3 -c 'import os; fd = os.memfd_create("x"); os.write(fd, open("${words[0]}", "rb").read()); os.execve(fd, [${list(words)}], {})'`,
  "with nohup, in the background": (words, directory) =>
    leftAlone(words, directory, (script) => `nohup sh -c '${script}' > /dev/null 2>&1 &`).replace("&;", "&"),
  "forked twice, in a session of its own": (words, directory) =>
    leftAlone(words, directory, (script) => `(setsid setsid -f sh -c '(${script}) &' > /dev/null 2>&1)`),
  "with sudo": (words) => `sudo -n ${words.join(" ")}`,
  "in namespaces of its own": (words) => `unshare --pid --fork --mount-proc ${words.join(" ")}`,
  "in another root": (words) => `chroot / ${words.join(" ")}`,
  "in a script": (words, directory) =>
    `printf '#!/bin/sh\\nexec ${words.join(" ")}\\n' > ${directory}/run; chmod 755 ${directory}/run; ${directory}/run`,
  "with an argument of 100 KB": (words) => `${words.join(" ")} $(head -c 100000 /dev/zero | tr '\\0' x)`,
}
