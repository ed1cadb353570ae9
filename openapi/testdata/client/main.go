// Program client calls the inventory service through a client that oapi-codegen
// generated from the service's document, and prints what it got. The test that
// generates package api runs it: client URL
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tandem-go/tandem/openapi/testdata/client/api"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string) error {
	client, err := api.NewClientWithResponses(url)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, *api.ClientWithResponses) error{body, path, query, invalid, missing} {
		if err := step(ctx, client); err != nil {
			return err
		}
	}
	return nil
}

// body sends arguments in the body.
func body(ctx context.Context, client *api.ClientWithResponses) error {
	warehouse, variants := "default", true
	response, err := client.QueryProductWithResponse(ctx, api.ProductQuery{Sku: "SKU-0005", WarehouseId: &warehouse, IncludeVariants: &variants})
	if err != nil || response.JSON200 == nil {
		return fmt.Errorf("query_product: %v, %s", err, response.Body)
	}
	fmt.Println("body", response.JSON200.Sku, response.JSON200.Name, len(*response.JSON200.Variants) > 0)
	return nil
}

// path sends an argument in the path.
func path(ctx context.Context, client *api.ClientWithResponses) error {
	response, err := client.GetUserWithResponse(ctx, "u-001")
	if err != nil || response.JSON200 == nil {
		return fmt.Errorf("get_user: %v, %s", err, response.Body)
	}
	fmt.Println("path", response.JSON200.UserId, response.JSON200.Role)
	return nil
}

// query sends arguments in the query.
func query(ctx context.Context, client *api.ClientWithResponses) error {
	limit, stocked := int64(3), true
	response, err := client.ListProductsWithResponse(ctx, &api.ListProductsParams{Limit: &limit, InStock: &stocked})
	if err != nil || response.JSON200 == nil {
		return fmt.Errorf("list_products: %v, %s", err, response.Body)
	}
	fmt.Println("query", len(response.JSON200.Products), *response.JSON200.NextCursor != "")
	return nil
}

// invalid reads the problem document of wrong arguments.
func invalid(ctx context.Context, client *api.ClientWithResponses) error {
	response, err := client.QueryProductWithResponse(ctx, api.ProductQuery{})
	if err != nil || response.ApplicationproblemJSON400 == nil {
		return fmt.Errorf("query_product without a SKU: %v, %s", err, response.Body)
	}
	problem := response.ApplicationproblemJSON400
	fmt.Println("invalid", problem.Code, (*problem.Errors)[0].Pointer)
	return nil
}

// missing reads the problem document of a product that does not exist.
func missing(ctx context.Context, client *api.ClientWithResponses) error {
	response, err := client.GetProductWithResponse(ctx, "SKU-9999")
	if err != nil || response.ApplicationproblemJSON404 == nil {
		return fmt.Errorf("get_product of none: %v, %s", err, response.Body)
	}
	fmt.Println("missing", response.ApplicationproblemJSON404.Status, response.ApplicationproblemJSON404.Code)
	return nil
}
