// Passkeys: shows the buttons that need a browser with them, asks it, and posts its answer with the page's own form.
// Without this script the page offers its other ways, and nothing else is scripted here.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const withBytes = (list) => (list || []).map((each) => ({ ...each, id: toBytes(each.id) }));

async function make(options) {
  const asked = options.publicKey;
  const made = await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: toBytes(asked.challenge),
      user: { ...asked.user, id: toBytes(asked.user.id) },
      excludeCredentials: withBytes(asked.excludeCredentials),
    },
  });
  return {
    clientDataJSON: toText(made.response.clientDataJSON),
    attestationObject: toText(made.response.attestationObject),
    of: made,
  };
}

async function use(options) {
  const asked = options.publicKey;
  const used = await navigator.credentials.get({
    publicKey: {
      ...asked,
      challenge: toBytes(asked.challenge),
      allowCredentials: withBytes(asked.allowCredentials),
    },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return {
    clientDataJSON: toText(clientDataJSON),
    authenticatorData: toText(authenticatorData),
    signature: toText(signature),
    ...(userHandle ? { userHandle: toText(userHandle) } : {}),
    of: used,
  };
}

async function press(button) {
  const form = button.form;
  const options = JSON.parse(button.dataset.options);
  let answer;
  try {
    const { of, ...response } = await (button.dataset.passkey === "make" ? make : use)(options);
    answer = { id: of.id, rawId: toText(of.rawId), type: of.type, clientExtensionResults: {}, response };
  } catch {
    return; // closed, refused or out of time: the page stays as it is
  }
  form.elements.passkey.value = JSON.stringify(answer);
  const act = document.createElement("input");
  act.type = "hidden";
  act.name = "action";
  act.value = button.dataset.action;
  form.append(act);
  form.submit();
}

if (window.PublicKeyCredential) {
  for (const button of document.querySelectorAll("button[data-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", () => press(button));
  }
}
