// Package chaos tests replicas of the inventory service as processes behind a
// balancer, while they are killed, terminated, halted and cut off from what they
// share. It has tests alone. CHAOS_KILLS says how many times a replica is killed;
// make chaos sets it.
package chaos
