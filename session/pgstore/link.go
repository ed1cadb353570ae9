package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	firstReconnect = 20 * time.Millisecond
	lastReconnect  = time.Second
)

// link is a replica's connection of its own, and the goroutine that has it: it
// listens, tells the others of news, and gives signs of life.
type link struct {
	store   *Store
	channel string // of LISTEN and NOTIFY

	stop chan struct{} // closed when the goroutine is to end
	done chan struct{} // closed when it has

	mu     sync.Mutex
	news   news               // to be told
	told   time.Time          // when the last ones were
	parked context.CancelFunc // ends the wait for notifications; nil while the goroutine does not wait

	// Of the goroutine alone.
	conn    *pgx.Conn
	since   time.Time      // when the connection's server process started
	beatAt  time.Time      // when the next sign of life is due
	mailDue bool           // signals wait for this replica
	buried  map[int64]bool // the dead that everybody was woken for
}

func newLink(s *Store) *link {
	return &link{store: s, channel: "tandem_" + s.Schema, stop: make(chan struct{}), done: make(chan struct{})}
}

// open connects, makes the schema, joins the replicas and starts the goroutine.
func (l *link) open(ctx context.Context) error {
	s := l.store
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err = migrate(ctx, conn, s.Schema); err == nil {
		err = conn.QueryRow(ctx, s.sql.replica).Scan(&s.me)
	}
	if err == nil {
		l.news.from = s.me
		err = l.greet(ctx, conn)
	}
	if err != nil {
		closeConn(conn)
		return err
	}
	go l.run()
	return nil
}

// openTimeout bounds the start, which may wait for another replica's migration.
const openTimeout = 30 * time.Second

// close ends the goroutine, once it has done what it is at.
func (l *link) close() {
	close(l.stop)
	l.mu.Lock()
	l.unpark()
	l.mu.Unlock()
	<-l.done
}

// greet makes the connection the link's: from here on no NOTIFY is missed, and
// those that were missed before are made up for.
func (l *link) greet(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{l.channel}.Sanitize()); err != nil {
		return err
	}
	err := conn.QueryRow(ctx, "SELECT coalesce((SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()), clock_timestamp())").Scan(&l.since)
	if err != nil {
		return err
	}
	l.conn = conn
	if err := l.beat(ctx); err != nil {
		return err
	}
	l.mailDue = true
	l.store.watches.wakeAll()
	return nil
}

func (l *link) run() {
	defer close(l.done)
	for {
		err := l.serve()
		closeConn(l.conn)
		if l.ends() {
			return
		}
		l.store.Logger.Warn("pgstore: the replica's connection broke", "error", err)
		if !l.reconnect() {
			return
		}
		l.store.Logger.Info("pgstore: the replica is connected again")
	}
}

func (l *link) ends() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// serve works and waits, until the connection breaks or the link closes.
func (l *link) serve() error {
	for !l.ends() {
		ctx, cancel := context.WithTimeout(context.Background(), l.patience())
		err := l.work(ctx)
		cancel()
		if err == nil {
			err = l.wait()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// patience is how long the connection may take for an answer: the replica must
// have found another one before it counts as dead.
func (l *link) patience() time.Duration { return l.store.AliveFor / 2 }

// work does what is due.
func (l *link) work(ctx context.Context) error {
	if !time.Now().Before(l.beatAt) {
		if err := l.beat(ctx); err != nil {
			return err
		}
	}
	if err := l.tellNews(ctx); err != nil {
		return err
	}
	if l.mailDue {
		l.mailDue = false
		return l.store.takeSignals(ctx, l.conn)
	}
	return nil
}

// beat gives a sign of life. Of whoever has died since, everybody here is told to
// look: they may wait for its output.
func (l *link) beat(ctx context.Context) error {
	s := l.store
	l.beatAt = time.Now().Add(s.BeatEvery)
	var dead []int64
	var mail bool
	var sessions int64
	err := l.conn.QueryRow(ctx, s.sql.beat, s.me, s.lateAfter(), s.AliveFor, int32(l.conn.PgConn().PID()), l.since).Scan(&dead, &mail, &sessions)
	if err != nil {
		return err
	}
	s.sessions.Store(sessions)
	l.mailDue = l.mailDue || mail
	l.bury(dead)
	return nil
}

// bury wakes everybody here if one of the dead is new.
func (l *link) bury(dead []int64) {
	known := l.buried
	l.buried = make(map[int64]bool, len(dead))
	wake := false
	for _, id := range dead {
		wake = wake || !known[id]
		l.buried[id] = true
	}
	if wake {
		l.store.watches.wakeAll()
	}
}

// tellNews sends what has collected, if it is time to.
func (l *link) tellNews(ctx context.Context) error {
	l.mu.Lock()
	n := l.news
	if n.empty() || time.Since(l.told) < l.store.NotifyEvery {
		l.mu.Unlock()
		return nil
	}
	l.news, l.told = news{from: n.from}, time.Now()
	l.mu.Unlock()
	_, err := l.conn.Exec(ctx, l.store.sql.tell, l.channel, n.payloads())
	if err != nil {
		l.retell(n)
	}
	return err
}

// retell puts news back that may not have arrived.
func (l *link) retell(n news) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range n.keys {
		l.addKey(k)
	}
	for to := range n.mail {
		l.addMail(to)
	}
	l.news.round = l.news.round || n.round
}

// wait ends with a notification, when something is due, or when the link closes.
func (l *link) wait() error {
	ctx, cancel, due := l.park()
	defer cancel()
	if due {
		return nil
	}
	n, err := l.conn.WaitForNotification(ctx)
	l.mu.Lock()
	l.parked = nil
	l.mu.Unlock()
	switch {
	case n != nil:
		l.heard(parseNews(n.Payload))
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("wait for notifications: %w", err)
	case err != nil && l.conn.IsClosed():
		return errors.New("the connection was closed")
	}
	return nil
}

// park prepares a wait. It reports whether there is no time for one.
func (l *link) park() (ctx context.Context, cancel context.CancelFunc, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.beatAt
	if !l.news.empty() {
		if at := l.told.Add(l.store.NotifyEvery); at.Before(until) {
			until = at
		}
	}
	ctx, cancel = context.WithDeadline(context.Background(), until)
	if l.ends() || l.mailDue || !time.Now().Before(until) {
		return ctx, cancel, true
	}
	l.parked = cancel
	return ctx, cancel, false
}

// unpark ends a wait. The caller holds the mutex.
func (l *link) unpark() {
	if l.parked != nil {
		l.parked()
		l.parked = nil
	}
}

// heard acts on what another replica tells.
func (l *link) heard(n news) {
	s := l.store
	if n.from == s.me {
		return
	}
	if n.all {
		s.watches.wakeAll()
	}
	for k := range n.keys {
		s.watches.wake(k)
	}
	if _, mine := n.mail[s.me]; mine || n.round {
		l.mailDue = true
	}
}

// tell tells the others that there is news of what the key names.
func (l *link) tell(key uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := l.news.empty()
	l.addKey(key)
	l.hurry(idle)
}

// mail tells a replica, or everyone, that signals wait for it.
func (l *link) mail(to int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := l.news.empty()
	l.addMail(to)
	l.hurry(idle)
}

func (l *link) addKey(key uint64) {
	if l.news.keys == nil {
		l.news.keys = make(map[uint64]struct{})
	}
	l.news.keys[key] = struct{}{}
}

func (l *link) addMail(to int64) {
	if to == everyone {
		l.news.round = true
		return
	}
	if l.news.mail == nil {
		l.news.mail = make(map[int64]struct{})
	}
	l.news.mail[to] = struct{}{}
}

// hurry ends a wait that began when there was no news: one that knows of some
// ends in time. The caller holds the mutex.
func (l *link) hurry(idle bool) {
	if idle {
		l.unpark()
	}
}

// reconnect tries until there is a connection again. It reports whether there is
// one before the link closes.
func (l *link) reconnect() bool {
	for pause := firstReconnect; !l.ends(); pause = min(2*pause, lastReconnect) {
		ctx, cancel := context.WithTimeout(context.Background(), l.patience())
		conn, err := l.store.connect(ctx)
		if err == nil {
			if err = l.greet(ctx, conn); err != nil {
				closeConn(conn)
			}
		}
		cancel()
		if err == nil {
			return true
		}
		l.rest(pause)
	}
	return false
}

// rest waits, unless the link closes.
func (l *link) rest(pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.stop:
	}
}
