package openapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// Shape is a tagged union, Node a recursive type, Place an argument in every
// part of a request: what is hard to describe, all in one service.
type (
	Shape struct {
		Circle *Circle `json:"circle"`
		Square *Square `json:"square"`
	}
	Circle struct {
		Radius float64 `json:"radius" exclusiveMinimum:"0" example:"1.5"`
	}
	Square struct {
		Side float64 `json:"side" exclusiveMinimum:"0"`
	}
	Node struct {
		Name     string  `json:"name" example:"root"`
		Children []*Node `json:"children,omitempty" maxItems:"10"`
	}
	Colour string
	Place  struct {
		Bucket   string          `json:"bucket" doc:"The bucket" pattern:"^[a-z]+$" example:"photos"`
		File     string          `json:"file" doc:"The file" example:"2026/tandem.jpg"`
		Versions []int64         `json:"versions,omitempty" in:"query" example:"[1,2]"`
		IfMatch  string          `json:"if_match,omitempty" in:"header" doc:"The revision that is replaced"`
		Shape    *Shape          `json:"shape,omitempty" doc:"Its shape"`
		Colour   Colour          `json:"colour,omitempty" default:"red"`
		Note     *string         `json:"note,omitempty" nullable:"true" deprecated:"true"`
		Tree     *Node           `json:"tree,omitempty"`
		Extra    any             `json:"extra,omitempty"`
		Free     json.RawMessage `json:"free,omitempty"`
		Counts   map[string]int  `json:"counts,omitempty"`
		Data     []byte          `json:"data,omitempty"`
		Expires  time.Time       `json:"expires,omitzero"`
	}
	Page[T any] struct {
		Items []T    `json:"items"`
		Next  string `json:"next,omitempty"`
	}
	Key struct {
		Bucket string `json:"bucket" example:"photos"`
	}
)

func (Shape) Discriminator() string { return "kind" }
func (Colour) Enum() []string       { return []string{"red", "green"} }

func nothing[In, Out any](context.Context, In) (out Out, err error) { return out, nil }

// everything returns a service with what the reference service has no use for.
func everything(t testing.TB) *tandem.Service {
	t.Helper()
	svc := tandem.New("everything", "2.0.0-rc.1")
	svc.Info = tandem.Info{ContactName: "Everybody", License: "Apache-2.0", TermsOfService: "https://tandem.dev/terms"}
	svc.Tag("files", "")
	svc.Tag("unused", "No operation has this tag")
	tandem.Register(svc, tandem.Operation{
		Name: "put_file", Summary: "Put a file", Tags: []string{"files", "late"},
		Method: http.MethodPut, Path: "/files/{bucket}/{file...}", Status: http.StatusCreated,
		Scopes: []string{"files:read", "files:write"}, Timeout: time.Minute,
		Errors: []tandem.Code{tandem.Aborted, tandem.AlreadyExists, tandem.OutOfRange, tandem.Unimplemented, tandem.DataLoss, tandem.NotFound},
	}, func(_ context.Context, place Place) (Place, error) { return place, nil })
	tandem.Register(svc, tandem.Operation{
		Name: "delete_bucket", Title: "Delete a bucket", Tags: []string{"files"}, Deprecated: true,
		Method: http.MethodDelete, Path: "/files/{bucket}", Doors: tandem.REST,
	}, nothing[Key, struct{}])
	tandem.Register(svc, tandem.Operation{
		Name: "list_files", Method: http.MethodGet, Path: "/files/{bucket}",
	}, nothing[Key, Page[Node]])
	tandem.Register(svc, tandem.Operation{
		Name: "look", Summary: "Look whether a bucket exists", Method: http.MethodHead, Path: "/buckets/{bucket}",
	}, nothing[Key, struct{}])
	tandem.Register(svc, tandem.Operation{
		Name: "draw", Description: "Draws <shapes> & \"colours\": one per line.\n\nSlowly.",
	}, nothing[struct {
		Shapes []Shape `json:"shapes" minItems:"1"`
	}, []Shape])
	tandem.Register(svc, tandem.Operation{
		Name: "show", Method: http.MethodGet, Produces: []string{"image/png", "text/csv", "application/geo+json"},
	}, nothing[struct{}, tandem.Blocks])
	tandem.Register(svc, tandem.Operation{
		Name: "sign", Summary: "Sign after a question", Asks: true, Errors: []tandem.Code{tandem.Aborted},
	}, nothing[struct{}, tandem.Text])
	tandem.Register(svc, tandem.Operation{
		Name: "think", Summary: "Only for agents", Doors: tandem.MCP,
	}, nothing[Circle, Circle])
	return svc
}
