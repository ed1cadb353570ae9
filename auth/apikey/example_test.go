package apikey_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"

	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/apikey"
)

// A key is made and revoked while the service runs; tandem keys does the same from
// the command line.
func Example() {
	folder, err := os.MkdirTemp("", "keys")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()

	file := apikey.NewFile(filepath.Join(folder, "keys"), apikey.Options{})
	key, record, err := apikey.Create(ctx, file, apikey.Wanted{Name: "ci", Scopes: []string{"stock:read"}})
	if err != nil {
		log.Fatal(err)
	}
	verifier := apikey.New(file)
	defer verifier.Close()
	p, err := verifier.Verify(apikey.WithoutUse(ctx), key.Reveal())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Subject == "key-"+record.ID, p.Claims["name"], p.Scopes)
	fmt.Println(key)

	if _, _, err := apikey.Revoke(ctx, file, "ci"); err != nil {
		log.Fatal(err)
	}
	_, err = apikey.New(file).Verify(ctx, "another kind of token")
	fmt.Println(err)
	// Output:
	// true ci [stock:read]
	// [redacted]
	// it does not begin with tdm_: the token is of a kind that is not accepted
}

// Keys can guard any handler, in a service that is not made with Tandem too.
func ExampleOpen() {
	verifier, err := apikey.Open("keys", apikey.Options{})
	if err != nil {
		log.Fatal(err) // it says how to make a first key
	}
	defer verifier.Close()
	guarded := auth.Middleware(verifier, auth.Options{})(http.FileServer(http.Dir("public")))
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", guarded))
}
