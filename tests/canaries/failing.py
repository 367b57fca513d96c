"""Jobs that break with a family in their hands."""

from sqlalchemy import text

from tenants.context import runtime, tenant_session


def break_down(slug: str) -> None:
    """Fail with words that name somebody."""
    mother = f"Kanareika of {slug}"
    raise ValueError(f"nowhere to go for {mother}, +7 921 555 01 99")


def break_a_rule(slug: str) -> None:
    """Fail as the database does, whose DETAIL quotes the row."""
    with tenant_session(runtime().registry.get(slug)) as session:
        session.execute(
            text(
                "INSERT INTO users (id, email, name, password_hash, locale, roles)"
                " SELECT gen_random_uuid(), email, 'Kanareika', 'x', 'en', '{}' FROM users LIMIT 1"
            )
        )


def break_a_type(slug: str) -> None:
    """Fail with the value in the database's own first line."""
    with tenant_session(runtime().registry.get(slug)) as session:
        session.execute(text("SELECT given_name::integer FROM people"))
