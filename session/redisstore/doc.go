// Package redisstore keeps sessions in Redis (6.2 or newer) or Valkey, alone or as a
// cluster, so that all replicas of a service share them.
//
//	store, err := redisstore.Open(ctx, "rediss://tandem:secret@redis.internal/", redisstore.Options{
//		Secrets: [][]byte{secret},
//	})
//
// A session is one hash, and each step of the contract is one script on it. So
// steps are atomic, on a cluster too, where sessions are spread over the slots. What
// spans sessions is in a registry of its own: the places under the caps, which are
// taken before a session is created, and the replicas. A place whose session
// was never created, or is gone, is given back by Sweep; until then the caps count
// it.
//
// A replica is alive while it renews its key and is subscribed to its channel. One
// that ends without Close is known to be dead about half a second later, one that
// hangs after [Options.AliveFor].
//
// # The engine
//
// The engine must not evict keys (maxmemory-policy noeviction), and should log its writes
// (appendonly yes): what it loses are sessions. The user needs the commands that
// lie in the folder lua, EVAL, EVALSHA, SUBSCRIBE, PING and INFO on keys and channels
// that begin with [Options.Prefix]:
//
//	ACL SETUSER tandem on >secret ~tandem:* &tandem:* +@all -@admin -@dangerous +info
//
// Records, what it takes to run a call again, and signals are authenticated by
// [Options.Secrets], so that whoever can write to the engine can neither open a session in
// another principal's name nor make a replica run a call. Logs are neither
// authenticated nor encrypted.
package redisstore
