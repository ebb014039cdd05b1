"""The mail providers whose reports may be taken, and what Anymail calls the key of each that signs."""

from pydantic import SecretStr

# "" for a provider that signs nothing, or signs by choice: WEBHOOK_SECRET stands for its signature.
KEY_NAMES = {
    "brevo": "",
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mailjet": "",
    "mailtrap": "",
    "mandrill": "MANDRILL_WEBHOOK_KEY",
    "postal": "POSTAL_WEBHOOK_KEY",
    "postmark": "",
    "sendgrid": "",
    "sparkpost": "",
    "unisender_go": "UNISENDER_GO_API_KEY",
}


def check_providers(value: SecretStr) -> SecretStr:
    for name, key in read_providers(value).items():
        if name not in KEY_NAMES or bool(KEY_NAMES[name]) != bool(key):
            signing = ", ".join(f"{known}=key" if signs else known for known, signs in KEY_NAMES.items())
            raise ValueError(f"allowed, separated by commas: {signing}")
    return value


def read_providers(value: SecretStr | None) -> dict[str, str]:
    """The key of each provider by its name, "" for one that signs nothing."""
    given = value.get_secret_value() if value else ""
    pairs = (one.strip().partition("=") for one in given.split(",") if one.strip())
    return {name.strip().lower(): key.strip() for name, _equals, key in pairs}


def anymail_settings(secret: SecretStr | None, providers: SecretStr | None) -> dict[str, str]:
    """What Anymail asks of the settings; empty where no reports are taken."""
    if secret is None:
        return {}
    keys = {KEY_NAMES[name]: key for name, key in read_providers(providers).items() if key}
    return {"WEBHOOK_SECRET": secret.get_secret_value(), **keys}
