package redisstore_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	redis.SetLogger(silent{}) // it tells of every refused connection
	if work := os.Getenv(childEnv); work != "" {
		if err := childMain(work); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m) // a store that was closed leaves no goroutine
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
