-- +goose Up
-- Keys are ordered by their bytes (COLLATE "C"), as SQLite does, whatever the
-- locale of the database is.
CREATE TABLE warehouses (
    id   text COLLATE "C" PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE products (
    sku      text COLLATE "C" PRIMARY KEY,
    name     text NOT NULL,
    category text COLLATE "C" NOT NULL
);
CREATE INDEX products_by_category ON products (category, sku);

CREATE TABLE variants (
    sku         text COLLATE "C" PRIMARY KEY,
    product_sku text COLLATE "C" NOT NULL REFERENCES products (sku),
    name        text NOT NULL
);
CREATE INDEX variants_by_product ON variants (product_sku, sku);

-- quantity is what the books say, shelf what a count finds: they drift apart
-- where something was lost, until a recount brings the books in line.
CREATE TABLE stock (
    sku          text   COLLATE "C" NOT NULL REFERENCES products (sku),
    warehouse_id text   COLLATE "C" NOT NULL REFERENCES warehouses (id),
    quantity     bigint NOT NULL CHECK (quantity >= 0),
    shelf        bigint NOT NULL CHECK (shelf >= 0),
    location     text   NOT NULL,
    PRIMARY KEY (sku, warehouse_id)
);
CREATE INDEX stock_by_warehouse ON stock (warehouse_id, sku);

CREATE TABLE adjustments (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku          text   COLLATE "C" NOT NULL,
    warehouse_id text   COLLATE "C" NOT NULL,
    delta        bigint NOT NULL CHECK (delta <> 0),
    reason       text   NOT NULL CHECK (reason IN ('sale', 'restock', 'damage', 'correction')),
    quantity     bigint NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (sku, warehouse_id) REFERENCES stock (sku, warehouse_id)
);

CREATE TABLE users (
    id    text COLLATE "C" PRIMARY KEY,
    name  text NOT NULL,
    email text NOT NULL,
    role  text NOT NULL CHECK (role IN ('admin', 'clerk', 'auditor'))
);

-- The sets of first data that were loaded, so that none is loaded twice.
CREATE TABLE seeds (
    name text PRIMARY KEY
);

-- +goose Down
DROP TABLE seeds;
DROP TABLE users;
DROP TABLE adjustments;
DROP TABLE stock;
DROP TABLE variants;
DROP TABLE products;
DROP TABLE warehouses;
