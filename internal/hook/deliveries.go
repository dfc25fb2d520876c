package hook

import (
	"crypto/sha256"
	"sync"
)

// maxDeliveries is how many deliveries are remembered.
const maxDeliveries = 1024

// Deliveries knows those that came already, the last 1024. The zero value is ready, and
// safe for concurrent use.
type Deliveries struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]bool
	order [][sha256.Size]byte // a ring, the oldest at next
	next  int
}

// Fresh tells whether a delivery comes for the first time, and remembers it. The body
// belongs to what is remembered: senders don't sign the ID, so whoever sends one again
// with another body, or another's ID with it, keeps nothing away. One without an ID is
// always fresh. It is for deliveries whose signature was checked: others would push out
// what is to be remembered.
func (d *Deliveries) Fresh(id string, body []byte) bool {
	if id == "" {
		return true
	}
	of := sha256.Sum256(body)
	sum := sha256.Sum256(append(of[:], id...))
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[sum] {
		return false
	}
	if d.known == nil {
		d.known = map[[sha256.Size]byte]bool{}
	}
	if len(d.order) < maxDeliveries {
		d.order = append(d.order, sum)
	} else {
		delete(d.known, d.order[d.next])
		d.order[d.next] = sum
		d.next = (d.next + 1) % maxDeliveries
	}
	d.known[sum] = true
	return true
}
