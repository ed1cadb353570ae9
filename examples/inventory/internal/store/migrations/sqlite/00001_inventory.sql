-- +goose Up
CREATE TABLE warehouses (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    sku      TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    category TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX products_by_category ON products (category, sku);

CREATE TABLE variants (
    sku         TEXT PRIMARY KEY,
    product_sku TEXT NOT NULL REFERENCES products (sku),
    name        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX variants_by_product ON variants (product_sku, sku);

-- quantity is what the books say, shelf what a count finds: they drift apart
-- where something was lost, until a recount brings the books in line.
CREATE TABLE stock (
    sku          TEXT    NOT NULL REFERENCES products (sku),
    warehouse_id TEXT    NOT NULL REFERENCES warehouses (id),
    quantity     INTEGER NOT NULL CHECK (quantity >= 0),
    shelf        INTEGER NOT NULL CHECK (shelf >= 0),
    location     TEXT    NOT NULL,
    PRIMARY KEY (sku, warehouse_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_by_warehouse ON stock (warehouse_id, sku);

CREATE TABLE adjustments (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    sku          TEXT    NOT NULL,
    warehouse_id TEXT    NOT NULL,
    delta        INTEGER NOT NULL CHECK (delta <> 0),
    reason       TEXT    NOT NULL CHECK (reason IN ('sale', 'restock', 'damage', 'correction')),
    quantity     INTEGER NOT NULL,
    created_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    FOREIGN KEY (sku, warehouse_id) REFERENCES stock (sku, warehouse_id)
) STRICT;

CREATE TABLE users (
    id    TEXT PRIMARY KEY,
    name  TEXT NOT NULL,
    email TEXT NOT NULL,
    role  TEXT NOT NULL CHECK (role IN ('admin', 'clerk', 'auditor'))
) STRICT, WITHOUT ROWID;

-- The sets of first data that were loaded, so that none is loaded twice.
CREATE TABLE seeds (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE seeds;
DROP TABLE users;
DROP TABLE adjustments;
DROP TABLE stock;
DROP TABLE variants;
DROP TABLE products;
DROP TABLE warehouses;
