package sqlstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-go/tandem/idempotency"
)

// attempt is a claim, and the transaction that it lives in.
type attempt struct {
	store   *Store
	id      [32]byte
	keepFor time.Duration

	mu     sync.Mutex
	conn   *sql.Conn
	tx     *sql.Tx // nil once it has ended
	cancel context.CancelFunc
}

// claim returns nil if there is a result already.
func (s *Store) claim(ctx context.Context, id [32]byte, start idempotency.Start) (*attempt, error) {
	if !s.inFlight.add(id) {
		return nil, idempotency.ErrInFlight
	}
	a := &attempt{store: s, id: id, keepFor: start.KeepFor}
	claimed, err := a.open(ctx, start)
	if !claimed || err != nil {
		return nil, errors.Join(err, a.end((*sql.Tx).Rollback))
	}
	return a, nil
}

// open reports whether it made the row.
func (a *attempt) open(ctx context.Context, start idempotency.Start) (claimed bool, err error) {
	s := a.store
	if a.conn, err = s.db.Conn(ctx); err != nil { // which heeds ctx, unlike what follows
		return false, err
	}
	var life context.Context
	life, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if a.tx, err = a.conn.BeginTx(life, s.options.Tx); err != nil {
		return false, err
	}
	if s.sql.lock != "" {
		free := false
		if err := a.tx.QueryRowContext(ctx, s.sql.lock, int64(binary.BigEndian.Uint64(a.id[:]))).Scan(&free); err != nil {
			return false, err
		}
		if !free {
			return false, idempotency.ErrInFlight
		}
	}
	if _, err := a.tx.ExecContext(ctx, s.sql.expire, a.id[:], time.Now().UnixMilli()); err != nil {
		return false, err
	}
	done, err := a.tx.ExecContext(ctx, s.sql.claim, a.id[:], start.Key.Operation, start.Hash[:])
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// Context implements [idempotency.Attempt].
func (a *attempt) Context(ctx context.Context) context.Context { return idempotency.WithTx(ctx, a.tx) }

// Finish implements [idempotency.Attempt].
func (a *attempt) Finish(ctx context.Context, result []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tx == nil {
		return errors.New("idempotency: the attempt has ended")
	}
	defer context.AfterFunc(ctx, a.cancel)()
	if result == nil {
		result = []byte{}
	}
	done, err := a.tx.ExecContext(ctx, a.store.sql.finish, a.id[:], result, time.Now().Add(a.keepFor).UnixMilli())
	if err == nil {
		var n int64
		if n, err = done.RowsAffected(); err == nil && n != 1 {
			err = errors.New("the record is gone")
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("idempotency: keep the result: %w", err), a.end((*sql.Tx).Rollback))
	}
	if err := a.end((*sql.Tx).Commit); err != nil {
		return fmt.Errorf("%w: commit: %w", idempotency.ErrUnavailable, err)
	}
	return nil
}

// Abandon implements [idempotency.Attempt].
func (a *attempt) Abandon(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tx == nil {
		return nil
	}
	defer context.AfterFunc(ctx, a.cancel)()
	return a.end((*sql.Tx).Rollback)
}

// end ends the transaction, gives the connection back, and frees the key.
func (a *attempt) end(how func(*sql.Tx) error) (err error) {
	if a.tx != nil {
		err = how(a.tx)
	}
	if err != nil {
		// Whatever the reason, the server must not keep what we gave up.
		err = errors.Join(err, ignoreDone(a.tx.Rollback()))
	}
	if a.conn != nil {
		err = errors.Join(err, ignoreClosed(a.conn.Close()))
	}
	if a.cancel != nil {
		a.cancel()
	}
	a.tx = nil
	a.store.inFlight.remove(a.id)
	return err
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}
