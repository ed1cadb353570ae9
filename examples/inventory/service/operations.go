package service

import (
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

// productURI begins the URIs of products as resources.
const productURI = "inventory://products/"

func register(svc *tandem.Service, inv *stock.Inventory) {
	svc.Tag("status", "The service itself")
	svc.Tag("products", "The catalogue and what lies where")
	svc.Tag("stock", "Movements of stock")
	svc.Tag("users", "The people who work with the inventory")
	registerReads(svc, inv)
	registerWrites(svc, inv)
}

func registerReads(svc *tandem.Service, inv *stock.Inventory) {
	tandem.Register(svc, tandem.Operation{
		Name:        "get_status",
		Summary:     "Get the service's status",
		Description: "Tells the service's name and version, how long it has been up, its database engine and how many products it knows.",
		Method:      http.MethodGet, Path: "/status",
		Tags: []string{"status"},
	}, inv.GetStatus)

	tandem.Register(svc, tandem.Operation{
		Name:        "query_product",
		Summary:     "Query product inventory by SKU",
		Description: "Tells how many units of a product one warehouse has and where they lie, with the product's variants if asked for.",
		Method:      http.MethodPost, Path: "/products/query",
		Scopes:   []string{ReadInventory},
		Tags:     []string{"products"},
		ReadOnly: true,
		Errors:   []tandem.Code{tandem.NotFound},
	}, inv.QueryProduct)

	tandem.Register(svc, tandem.Operation{
		Name:        "list_products",
		Summary:     "List products",
		Description: "Returns products page by page in the order of their SKUs. To get the next page, send the same filters with the cursor of the last one.",
		Method:      http.MethodGet, Path: "/products",
		Scopes: []string{ReadInventory},
		Tags:   []string{"products"},
	}, inv.ListProducts)

	tandem.Register(svc, tandem.Operation{
		Name:        "get_product",
		Summary:     "Get a product",
		Description: "Returns a product with its category, its variants and its stock in every warehouse.",
		Method:      http.MethodGet, Path: "/products/{sku}",
		Scopes:   []string{ReadInventory},
		Tags:     []string{"products"},
		Errors:   []tandem.Code{tandem.NotFound},
		Resource: productURI + "{sku}",
	}, inv.GetProduct)

	tandem.Register(svc, tandem.Operation{
		Name:        "get_user",
		Summary:     "Get a user",
		Description: "Returns the name, the email address and the role of a user.",
		Method:      http.MethodGet, Path: "/users/{user_id}",
		Scopes: []string{ReadUsers},
		Tags:   []string{"users"},
		Errors: []tandem.Code{tandem.NotFound},
	}, inv.GetUser)
}

func registerWrites(svc *tandem.Service, inv *stock.Inventory) {
	tandem.Register(svc, tandem.Operation{
		Name:        "adjust_stock",
		Summary:     "Adjust the stock of a product",
		Description: "Moves units of a product in or out of a warehouse and records why. An adjustment that would take the stock below zero is refused and changes nothing. Before it writes off more than 100 damaged units it asks for confirmation, if the caller can be asked.",
		Method:      http.MethodPost, Path: "/stock/adjustments",
		Asks:   true,
		Scopes: []string{WriteInventory},
		Policy: tandem.PolicyOf(adjustOwn),
		Tags:   []string{"stock"},
		Errors: []tandem.Code{tandem.NotFound, tandem.FailedPrecondition},
	}, inv.AdjustStock)

	tandem.Register(svc, tandem.Operation{
		Name:        "recount_stock",
		Summary:     "Recount a warehouse",
		Description: "Counts every shelf of a warehouse and corrects the books where they differ. It takes some seconds and reports its progress; cancelled before its end, it changes nothing.",
		Method:      http.MethodPost, Path: "/stock/recounts",
		Scopes:     []string{WriteInventory},
		Policy:     tandem.PolicyOf(recountOwn),
		Tags:       []string{"stock"},
		Idempotent: true,
		Errors:     []tandem.Code{tandem.NotFound},
	}, inv.RecountStock)
}
