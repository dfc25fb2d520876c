package forgetest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// deliverer carries events to webhooks, each hook's in their order, without ever
// holding up who sends them.
type deliverer struct {
	log     *slog.Logger
	client  *http.Client
	tries   int
	done    chan struct{} // closed to end the deliveries
	workers sync.WaitGroup

	mu      sync.Mutex
	idle    *sync.Cond // no delivery is waiting or under way
	pending int
	hooks   []*hook
	closed  bool
}

type hook struct {
	Webhook
	queue   []delivery
	working bool
}

type delivery struct {
	id, kind, what string
	body           []byte
}

func newDeliverer(log *slog.Logger, timeout time.Duration, tries int) *deliverer {
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	if tries <= 0 {
		tries = 5
	}
	d := &deliverer{log: log, client: &http.Client{Timeout: timeout}, tries: tries, done: make(chan struct{})}
	d.idle = sync.NewCond(&d.mu)
	return d
}

func (d *deliverer) add(w Webhook) {
	h := &hook{Webhook: w}
	d.mu.Lock()
	d.hooks = append(d.hooks, h)
	id := len(d.hooks)
	d.mu.Unlock()
	d.enqueue("ping", object{"zen": "Small pull requests are read.", "hook_id": id}, func(other *hook) bool { return other == h })
}

// send queues an event for all hooks that want it. It is rendered only if one does: that
// asks git a dozen times.
func (d *deliverer) send(kind string, render func() object) {
	wants := func(h *hook) bool { return len(h.Events) == 0 || slices.Contains(h.Events, kind) }
	d.mu.Lock()
	wanted := !d.closed && slices.ContainsFunc(d.hooks, wants)
	d.mu.Unlock()
	if wanted {
		d.enqueue(kind, render(), wants)
	}
}

func (d *deliverer) enqueue(kind string, body object, wants func(*hook) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || !slices.ContainsFunc(d.hooks, wants) {
		return
	}
	data, err := json.Marshal(body)
	if err != nil {
		d.log.Error("encoding a webhook", "event", kind, "error", err)
		return
	}
	for _, h := range d.hooks {
		if !wants(h) {
			continue
		}
		h.queue = append(h.queue, delivery{id: newID(), kind: kind, what: describe(kind, body), body: data})
		d.pending++
		if !h.working {
			h.working = true
			d.workers.Add(1)
			go d.work(h)
		}
	}
}

// work empties one hook's queue and ends.
func (d *deliverer) work(h *hook) {
	defer d.workers.Done()
	for {
		d.mu.Lock()
		if len(h.queue) == 0 {
			h.working = false
			d.mu.Unlock()
			return
		}
		next := h.queue[0]
		h.queue = h.queue[1:]
		d.mu.Unlock()
		if err := d.deliver(h, next); err != nil {
			d.log.Warn("a webhook was lost", "url", h.URL, "event", next.what, "error", err)
		}
		d.mu.Lock()
		d.pending--
		d.idle.Broadcast()
		d.mu.Unlock()
	}
}

// deliver tries a few times, with growing pauses.
func (d *deliverer) deliver(h *hook, what delivery) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-d.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	var err error
	for try := range d.tries {
		if try > 0 {
			timer := time.NewTimer(100 * time.Millisecond << (try - 1))
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
		}
		if err = d.post(ctx, h, what); err == nil {
			return nil
		}
	}
	return err
}

func (d *deliverer) post(ctx context.Context, h *hook, what delivery) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(what.body)) // #nosec G704 -- the address is the configuration's
	if err != nil {
		return fmt.Errorf("delivering a webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "GitHub-Hookshot/forgetest")
	req.Header.Set("X-GitHub-Event", what.kind)
	req.Header.Set("X-GitHub-Delivery", what.id)
	if !h.Secret.IsZero() {
		mac := hmac.New(sha256.New, []byte(h.Secret.Reveal()))
		mac.Write(what.body)
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	resp, err := d.client.Do(req) // #nosec G704 -- as above
	if err != nil {
		return fmt.Errorf("delivering a webhook: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("delivering a webhook: the receiver answered %s", resp.Status)
	}
	return nil
}

// newID looks like the UUIDs that GitHub gives deliveries.
func newID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails, says its documentation
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

// flush waits until nothing is waiting or under way.
func (d *deliverer) flush(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.idle.Broadcast()
	})
	defer stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.pending > 0 {
		if ctx.Err() != nil {
			return fmt.Errorf("waiting for %d webhooks: %w", d.pending, ctx.Err())
		}
		d.idle.Wait()
	}
	return nil
}

func (d *deliverer) close() {
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		close(d.done)
	}
	d.mu.Unlock()
	d.workers.Wait()
}
