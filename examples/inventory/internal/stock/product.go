package stock

import "context"

// ProductQuery are the arguments of query_product.
type ProductQuery struct {
	SKU             string `json:"sku" doc:"Product stock-keeping unit identifier" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"SKU-0005"`
	WarehouseID     string `json:"warehouse_id,omitzero" doc:"Warehouse to query" maxLength:"64" pattern:"^[a-z0-9][a-z0-9-]*$" default:"default" example:"east"`
	IncludeVariants bool   `json:"include_variants,omitzero" doc:"Whether to include the product's variants" default:"false" example:"true"`
}

// ProductResult is what lies of a product in one warehouse.
type ProductResult struct {
	SKU      string    `json:"sku" doc:"Product stock-keeping unit identifier" example:"SKU-0005"`
	Name     string    `json:"name" doc:"Product name" example:"Foldable stapler"`
	Quantity int64     `json:"quantity" doc:"Units on the books of the warehouse" minimum:"0" example:"46"`
	Location string    `json:"location" doc:"Aisle, bay and shelf in the warehouse" example:"G-06-1"`
	Variants []Variant `json:"variants,omitzero" doc:"The product's variants, if they were asked for"`
}

// Variant is a version of a product, such as a colour.
type Variant struct {
	SKU  string `json:"sku" doc:"Stock-keeping unit identifier of the variant" example:"SKU-0005-BLK"`
	Name string `json:"name" doc:"What sets the variant apart" example:"black"`
}

// QueryProduct tells what lies of a product in one warehouse.
func (inv *Inventory) QueryProduct(ctx context.Context, q ProductQuery) (ProductResult, error) {
	result, err := inv.store.ProductIn(ctx, q.SKU, q.WarehouseID)
	if err != nil || !q.IncludeVariants {
		return result, err
	}
	result.Variants, err = inv.store.Variants(ctx, q.SKU)
	return result, err
}

// ProductRef are the arguments of get_product.
type ProductRef struct {
	SKU string `json:"sku" doc:"Product stock-keeping unit identifier" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"SKU-0005"`
}

// Product is all there is to know of a product.
type Product struct {
	SKU      string       `json:"sku" doc:"Product stock-keeping unit identifier" example:"SKU-0005"`
	Name     string       `json:"name" doc:"Product name" example:"Foldable stapler"`
	Category string       `json:"category" doc:"Product category" example:"office"`
	Quantity int64        `json:"quantity" doc:"Units on the books of all warehouses together" minimum:"0" example:"378"`
	Stock    []StockLevel `json:"stock" doc:"Units per warehouse"`
	Variants []Variant    `json:"variants" doc:"The product's variants"`
}

// StockLevel is what lies of a product in a warehouse.
type StockLevel struct {
	WarehouseID string `json:"warehouse_id" doc:"Warehouse identifier" example:"east"`
	Quantity    int64  `json:"quantity" doc:"Units on the books of the warehouse" minimum:"0" example:"46"`
	Location    string `json:"location" doc:"Aisle, bay and shelf in the warehouse" example:"G-06-1"`
}

// GetProduct returns a product with its variants and its stock everywhere.
func (inv *Inventory) GetProduct(ctx context.Context, ref ProductRef) (Product, error) {
	return inv.store.Product(ctx, ref.SKU)
}
