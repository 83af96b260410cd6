// Adds a passkey, or signs in with one. Without JavaScript, or where the browser knows none, a code does it.
//
// A form with data-passkey="add" or "use" asks the server for a question (data-begin), lets the browser
// answer it, and sends the answer (data-end).
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

async function post(form, address, data) {
  const answer = await fetch(address, {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "Content-Type": "application/json",
      "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value,
    },
    body: JSON.stringify(data),
  });
  if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
  return answer.json();
}

const withIds = (list) => list?.map((each) => ({ ...each, id: decode(each.id) }));

async function add(form) {
  const asked = await post(form, form.dataset.begin, {});
  const made = await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: decode(asked.challenge),
      user: { ...asked.user, id: decode(asked.user.id) },
      excludeCredentials: withIds(asked.excludeCredentials),
    },
  });
  const name = encodeURIComponent(form.elements.name.value);
  return post(form, `${form.dataset.end}?name=${name}`, {
    id: made.id,
    rawId: encode(made.rawId),
    type: made.type,
    clientExtensionResults: made.getClientExtensionResults(),
    response: {
      attestationObject: encode(made.response.attestationObject),
      clientDataJSON: encode(made.response.clientDataJSON),
      transports: made.response.getTransports?.() ?? [],
    },
  });
}

async function use(form) {
  const asked = await post(form, form.dataset.begin, {});
  const used = await navigator.credentials.get({
    publicKey: {
      ...asked,
      challenge: decode(asked.challenge),
      allowCredentials: withIds(asked.allowCredentials),
    },
  });
  const { authenticatorData, clientDataJSON, signature, userHandle } = used.response;
  return post(form, form.dataset.end, {
    id: used.id,
    rawId: encode(used.rawId),
    type: used.type,
    clientExtensionResults: used.getClientExtensionResults(),
    response: {
      authenticatorData: encode(authenticatorData),
      clientDataJSON: encode(clientDataJSON),
      signature: encode(signature),
      userHandle: userHandle && encode(userHandle),
    },
  });
}

for (const form of window.PublicKeyCredential ? document.querySelectorAll("[data-passkey]") : []) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const status = form.querySelector("[role=status]");
    status.textContent = "";
    try {
      const { next } = await (form.dataset.passkey === "add" ? add(form) : use(form));
      const kept = document.querySelector("form[data-kept]"); // a form that waited for the confirmation
      if (kept) kept.submit();
      else location.assign(next);
    } catch {
      status.textContent = status.dataset.failed;
    }
  });
}
