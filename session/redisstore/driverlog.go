package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"
)

// routeDriverLog sends what go-redis logs on its own account, a line for each
// connection that is refused, to slog at debug level. Its logger is one for the
// program, and writes to standard error otherwise: a program that has set its
// own sets it after the first Open.
var routeDriverLog = sync.OnceFunc(func() { redis.SetLogger(driverLog{}) })

type driverLog struct{}

func (driverLog) Printf(ctx context.Context, format string, args ...any) {
	if slog.Default().Enabled(ctx, slog.LevelDebug) {
		slog.DebugContext(ctx, "redisstore: "+fmt.Sprintf(format, args...))
	}
}
