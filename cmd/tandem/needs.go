package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	maxDocument  = 64 << 20 // bytes
	fetchTimeout = 30 * time.Second
)

// needs is what an OpenAPI document says of an operation.
type needs struct {
	operation string
	scopes    []string
	policy    bool
	implies   map[string][]string // broad → narrow scopes
}

// document is what is needed of an OpenAPI document of a Tandem service.
type document struct {
	OpenAPI string `json:"openapi"`
	// Paths are path items by path; besides operations by method they have members
	// that are none.
	Paths      map[string]map[string]documentedOperation `json:"paths"`
	Components struct {
		SecuritySchemes map[string]struct {
			Implies map[string][]string `json:"x-tandem-implies"`
		} `json:"securitySchemes"`
	} `json:"components"`
}

type documentedOperation struct {
	ID     string
	Scopes []string
	Policy bool
}

// UnmarshalJSON leaves the members of a path item that are no operations empty.
func (o *documentedOperation) UnmarshalJSON(text []byte) error {
	var known struct {
		ID     string   `json:"operationId"`
		Scopes []string `json:"x-scopes"`
		Policy bool     `json:"x-tandem-policy"`
	}
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	err := json.Unmarshal(text, &known)
	*o = documentedOperation(known)
	return err
}

// findNeeds reads what an operation needs in the document at a URL or in a file. A
// service that hides operations shows them to those who may use them, so that a
// second look has the token, if that is safe there.
func findNeeds(ctx context.Context, where, operation, token string) (*needs, error) {
	doc, err := readDocument(ctx, where, "")
	if err != nil {
		return nil, err
	}
	n := doc.needs(operation)
	if n == nil && maySend(where) {
		if doc, err = readDocument(ctx, where, token); err != nil {
			return nil, err
		}
		n = doc.needs(operation)
	}
	if n == nil {
		return nil, fmt.Errorf("the document %s has no operation %q that the token may see; it has %s. "+
			"Operations for agents alone (Doors: MCP) are in no OpenAPI document", where, operation, doc.names())
	}
	return n, nil
}

func (d *document) needs(operation string) *needs {
	for _, item := range d.Paths {
		for _, op := range item {
			if op.ID != "" && op.ID == operation {
				return &needs{operation, op.Scopes, op.Policy, d.implies()}
			}
		}
	}
	return nil
}

func (d *document) implies() map[string][]string {
	all := map[string][]string{}
	for _, scheme := range d.Components.SecuritySchemes {
		for broad, narrow := range scheme.Implies {
			all[broad] = append(all[broad], narrow...)
		}
	}
	return all
}

// mostNames is how many operations an error lists.
const mostNames = 20

func (d *document) names() string {
	var all []string
	for _, item := range d.Paths {
		for _, op := range item {
			if op.ID != "" {
				all = append(all, op.ID)
			}
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		return "none"
	}
	if more := len(all) - mostNames; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:mostNames], ", "), more)
	}
	return strings.Join(all, ", ")
}

func isURL(where string) bool {
	return strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://")
}

// maySend reports whether a token can be sent to a place without showing it to a
// network.
func maySend(where string) bool {
	u, err := url.Parse(where)
	if err != nil || !isURL(where) {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func readDocument(ctx context.Context, where, token string) (*document, error) {
	var text []byte
	var err error
	if isURL(where) {
		text, err = fetch(ctx, where, token)
	} else {
		text, err = readFileAtMost(where, maxDocument)
	}
	if err != nil {
		return nil, fmt.Errorf("read what operations need, --openapi %s: %w", where, err)
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil || doc.OpenAPI == "" {
		return nil, fmt.Errorf("--openapi %s is not an OpenAPI document in JSON", where)
	}
	return &doc, nil
}

// fetch follows no redirect, which could take a token elsewhere.
func fetch(ctx context.Context, from, token string) (text []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s", response.Status)
	}
	return readAtMost(response.Body, maxDocument)
}
