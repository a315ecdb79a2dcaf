"""A GraphQL schema over the bookshop, and one query of it, with and without kindred.

    python bookshop.py mysql+pymysql://root@/shop?unix_socket=/tmp/kd-…/s [/tmp/kd-…/kindred.sock]

With the second argument, one line more is run: the one with `attach`.
"""

import asyncio
import json
import sys

import graphene
import kindred_db.graphene
from graphene import relay
from graphene_sqlalchemy import SQLAlchemyObjectType
from kindred_db import Client
from kindred_db.sqlalchemy import attach
from models import Author, Book, Tag
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session

# Filters, sorting and pages for each parent, in the place of graphene-sqlalchemy's batching.
kindred_db.graphene.install()


class AuthorType(SQLAlchemyObjectType):
    class Meta:
        model = Author
        name = "Author"
        interfaces = (relay.Node,)
        batching = True


class BookType(SQLAlchemyObjectType):
    class Meta:
        model = Book
        name = "Book"
        interfaces = (relay.Node,)
        batching = True


class TagType(SQLAlchemyObjectType):
    class Meta:
        model = Tag
        name = "Tag"
        interfaces = (relay.Node,)
        batching = True


class Query(graphene.ObjectType):
    authors = graphene.List(AuthorType, country=graphene.String(required=True))

    def resolve_authors(self, info, country):
        authors = select(Author).where(Author.country == country).order_by(Author.id).limit(5)
        return info.context["session"].scalars(authors).all()


schema = graphene.Schema(query=Query)

BESTSELLERS = """
    query ($country: String!) {
      authors(country: $country) {
        name
        books(first: 2, sort: [SOLD_DESC], filter: {price: {lt: 50}}) {
          edges { cursor node { title sold tags { edges { node { name } } } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
"""


def main(url, daemon=None):
    engine = create_engine(url, isolation_level="READ COMMITTED")
    statements = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    handle = attach(engine, Client(daemon)) if daemon else None
    with Session(engine) as session:
        result = asyncio.run(
            schema.execute_async(
                BESTSELLERS, context_value={"session": session}, variable_values={"country": "DE"}
            )
        )
    if result.errors:
        sys.exit(f"the query failed: {result.errors}")
    print(json.dumps(result.data, indent=2, ensure_ascii=False))
    answered = handle.stats.answered if handle else 0
    print(f"{len(statements)} statements, of which kindred has answered {answered}:", file=sys.stderr)
    for statement in statements:
        print("  " + " ".join(statement.split())[:100] + " …", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
