package stock

import (
	"context"
	"strconv"

	"github.com/tandem-go/tandem"
)

// ProductList are the arguments of list_products.
type ProductList struct {
	Limit    int    `json:"limit,omitzero" doc:"Most products to return" minimum:"1" maximum:"100" default:"20" example:"50"`
	Cursor   string `json:"cursor,omitzero" doc:"next_cursor of the page before, sent with the same filters; leave it out for the first page" maxLength:"256"`
	Category string `json:"category,omitzero" doc:"Only products of this category, such as office or tools" maxLength:"64" pattern:"^[a-z][a-z-]*$" example:"office"`
	InStock  *bool  `json:"in_stock,omitzero" doc:"true for products that some warehouse has, false for products that none has; leave it out for both" example:"true"`
}

// ProductPage is a page of the list of products, in the order of their SKUs.
type ProductPage struct {
	Products   []ProductSummary `json:"products" doc:"The products of this page"`
	NextCursor string           `json:"next_cursor,omitzero" doc:"Where the next page starts; absent on the last page" example:"q83vEjRWeJA"`
}

// ProductSummary is a product as lists show it.
type ProductSummary struct {
	SKU      string `json:"sku" doc:"Product stock-keeping unit identifier" example:"SKU-0005"`
	Name     string `json:"name" doc:"Product name" example:"Foldable stapler"`
	Category string `json:"category" doc:"Product category" example:"office"`
	Quantity int64  `json:"quantity" doc:"Units on the books of all warehouses together" minimum:"0" example:"378"`
}

// ListProducts returns a page of the products that pass the filters. Paging goes
// by SKU, so that it neither skips nor repeats a product while stock moves.
func (inv *Inventory) ListProducts(ctx context.Context, list ProductList) (ProductPage, error) {
	list.Limit = max(list.Limit, 1)
	bound := list.bound(tandem.PrincipalFrom(ctx))
	after, err := inv.cursors.open(list.Cursor, bound)
	if err != nil {
		return ProductPage{}, err
	}
	found, err := inv.store.Products(ctx, Selection{
		After:    after,
		Category: list.Category,
		InStock:  list.InStock,
		Limit:    list.Limit + 1, // one more tells whether there is a next page
	})
	if err != nil {
		return ProductPage{}, err
	}
	page := ProductPage{Products: found}
	if len(found) > list.Limit {
		page.Products = found[:list.Limit]
		page.NextCursor = inv.cursors.seal(found[list.Limit-1].SKU, bound)
	}
	return page, nil
}

// bound returns what a cursor is bound to, in a form with one meaning: who calls,
// quoted, and the filters.
func (list ProductList) bound(caller *tandem.Principal) string {
	return strconv.Quote(caller.Key()) + "\x00" + list.filters()
}

// filters returns the filters in a form with one meaning: the pattern of a category
// allows no NUL.
func (list ProductList) filters() string {
	state := "any"
	if list.InStock != nil && *list.InStock {
		state = "in stock"
	} else if list.InStock != nil {
		state = "out of stock"
	}
	return list.Category + "\x00" + state
}
