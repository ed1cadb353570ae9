package pgstore_test

import (
	"context"
	"log"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tandem-go/tandem/session/pgstore"
)

// A service gives its store a pool of its own,
func ExampleOpen() {
	store, err := pgstore.Open(context.Background(), os.Getenv("STATE_URL"), pgstore.Options{
		Secrets: [][]byte{[]byte(os.Getenv("STATE_SECRET"))},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
}

// or shares the one that its handlers use, so that one number bounds its
// connections; beside them the store has a single one.
func ExampleNew() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := pgstore.New(ctx, pool, pgstore.Options{
		Secrets: [][]byte{[]byte(os.Getenv("STATE_SECRET"))},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
}
