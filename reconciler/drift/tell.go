package drift

import "time"

// calmAfter is how long an object must have been without drift for the next one to be told of at once.
const calmAfter = time.Second

// schedule arranges that a finding is told of, unless that is under way, done, or about to be settled by a write. What
// is being deleted isn't healed before it is gone.
func (r *resource) schedule(w *Watcher, o *object) {
	t := o.trouble
	if t == nil || t.finding == nil || t.told || t.timer != nil || o.writing > 0 || o.dropped {
		return
	}
	if o.terminating && t.finding.cause != Gone {
		return
	}
	now := time.Now()
	delay := w.config.Patience.delay(t.fight, now)
	if now.Sub(t.fight.last) < calmAfter {
		delay = max(delay, w.config.Debounce)
	}
	t.timer = time.AfterFunc(delay, func() { w.tell(r, o, delay) })
}

func (w *Watcher) tell(r *resource, o *object, delay time.Duration) {
	w.mu.Lock()
	t := o.trouble
	t.timer = nil
	if w.follow == nil || t.finding == nil || t.told || o.writing > 0 || o.dropped {
		w.mu.Unlock()
		return
	}
	t.told = true
	t.fight = w.config.Patience.next(t.fight, time.Now())
	event := Event{
		Set: o.set.Value(), Ref: r.ref(o), Cause: t.finding.cause, Lost: t.finding.lost, By: t.finding.by,
		Attempt: t.fight.round, Delay: delay,
	}
	w.mu.Unlock()
	w.config.Notify(event)
}

// autoscaled tells that an autoscaler has the number of replicas now. The caller holds the lock.
func (w *Watcher) autoscaled(r *resource, o *object, by string) {
	if w.follow == nil || o.dropped {
		return
	}
	event := Event{Set: o.set.Value(), Ref: r.ref(o), Cause: Autoscaled, Lost: []string{replicasPath}, By: by}
	time.AfterFunc(0, func() { w.config.Notify(event) })
}
