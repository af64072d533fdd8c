"""SQLAlchemy over two drivers: the ORM, reflection of tables, keys and indexes, transactions."""

import decimal
import warnings

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

DRIVERS = ["pymysql", "mysqlconnector"]


class Base(orm.DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(50), unique=True)
    orders: orm.Mapped[list["Order"]] = orm.relationship(back_populates="user")


class Order(Base):
    __tablename__ = "orders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    what: orm.Mapped[str] = orm.mapped_column(sa.Text, index=True)
    price: orm.Mapped[decimal.Decimal] = orm.mapped_column(sa.Numeric(10, 2))
    note = orm.mapped_column(sa.JSON)
    open: orm.Mapped[bool] = orm.mapped_column(default=True)
    user: orm.Mapped[User] = orm.relationship(back_populates="orders")


@pytest.fixture(params=DRIVERS)
def engine(request, server):
    server.connect().execute("CREATE DATABASE shop")
    host, port = server.mysql
    made = sa.create_engine(f"mysql+{request.param}://root@{host}:{port}/shop")
    yield made
    made.dispose()


@pytest.fixture
def tables(engine):
    Base.metadata.create_all(engine)
    return engine


def test_the_orm_writes_parents_and_children_and_reads_them_again(tables):
    with orm.Session(tables) as session:
        ann = User(name="ann", orders=[
            Order(what="tea", price=decimal.Decimal("1.50"), note={"sweet": [1, 2]}),
            Order(what="cake", price=decimal.Decimal("2.25"), open=False)])
        session.add_all([ann, User(name="bob")])
        session.commit()
        assert (ann.id, [order.id for order in ann.orders]) == (1, [1, 2])
    with orm.Session(tables) as session:
        order = session.scalars(sa.select(Order).where(Order.price < 2)).one()
        assert (order.note, order.open, order.user.name) == ({"sweet": [1, 2]}, True, "ann")
        order.what = "coffee"
        session.delete(session.get(User, 2))
        session.commit()
        total = session.scalar(sa.select(sa.func.sum(Order.price)).join(User))
        assert total == decimal.Decimal("3.75")
        assert session.scalars(sa.select(User.name)).all() == ["ann"]


def test_tables_are_reflected_with_their_keys(tables):
    with warnings.catch_warnings():
        warnings.simplefilter("error", sa.exc.SAWarning)
        found = sa.inspect(tables)
        assert found.get_table_names() == ["orders", "users"]
        assert "shop" in found.get_schema_names() and found.get_view_names() == []
        assert found.has_table("users") and not found.has_table("nowhere")
        columns = {column["name"]: column for column in found.get_columns("orders")}
        assert list(columns) == ["id", "user_id", "what", "price", "note", "open"]
        assert isinstance(columns["id"]["type"], sa.INTEGER) and columns["id"]["autoincrement"]
        assert (columns["price"]["type"].precision, columns["price"]["type"].scale) == (10, 2)
        assert isinstance(columns["note"]["type"], sa.JSON) and columns["note"]["nullable"]
        assert not columns["what"]["nullable"]
        assert found.get_pk_constraint("orders")["constrained_columns"] == ["id"]
        (foreign,) = found.get_foreign_keys("orders")
        assert (foreign["constrained_columns"], foreign["referred_table"],
                foreign["referred_columns"]) == (["user_id"], "users", ["id"])
        (index,) = found.get_indexes("orders")
        assert (index["name"], index["column_names"], index["unique"]) == (
            "ix_orders_what", ["what"], False)
        (unique,) = found.get_unique_constraints("users")
        assert unique["column_names"] == ["name"]
        metadata = sa.MetaData()
        metadata.reflect(tables)
        join = metadata.tables["orders"].join(metadata.tables["users"])
        with tables.connect() as session:
            assert session.execute(sa.select(sa.func.count()).select_from(join)).scalar() == 0


def test_errors_are_of_the_right_class_and_transactions_end_well(tables):
    with tables.connect() as session:
        with pytest.raises(sa.exc.ProgrammingError):
            session.execute(sa.text("SELECT * FROM nowhere"))
        session.rollback()
        with session.begin():
            session.execute(sa.insert(User).values(name="ann"))
        with pytest.raises(sa.exc.IntegrityError):
            session.execute(sa.insert(User).values(name="ann"))
        session.rollback()
        session.execute(sa.insert(User).values(name="bob"))
        session.rollback()
        assert session.execute(sa.select(User.name)).scalars().all() == ["ann"]


def test_many_rows_are_inserted_and_streamed(tables):
    with tables.connect() as session:
        session.execute(sa.insert(User), [{"name": f"user {i}"} for i in range(5000)])
        session.commit()
        rows = session.execution_options(stream_results=True, max_row_buffer=500).execute(
            sa.select(User.id, User.name).order_by(User.id))
        count, last = 0, None
        for last in rows:
            count += 1
        assert (count, last) == (5000, (5000, "user 4999"))


def test_a_row_that_is_there_is_updated(tables):
    from sqlalchemy.dialects.mysql import insert
    table = sa.Table("stock", sa.MetaData(), sa.Column("name", sa.String(20), primary_key=True),
                     sa.Column("amount", sa.Integer))
    table.create(tables)
    with tables.begin() as session:
        for amount in (1, 5):
            statement = insert(table).values(name="tea", amount=amount)
            session.execute(statement.on_duplicate_key_update(amount=statement.inserted.amount))
        assert session.execute(sa.select(table)).all() == [("tea", 5)]
