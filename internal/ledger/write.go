package ledger

import (
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// maxJobs bounds the writes of one transaction, and so the memory that it takes.
const maxJobs = 64

// job is a write that waits for its turn.
type job struct {
	do   func(*bbolt.Tx) error // may be run twice
	done bool
	err  error
}

// update runs do in a transaction, and returns when it is on the disk. While one
// transaction is being written those that come queue up, and the first of them writes
// them all: the disk is waited for once.
func (l *Ledger) update(do func(*bbolt.Tx) error) error {
	j := &job{do: do}
	l.mu.Lock()
	l.queue = append(l.queue, j)
	l.mu.Unlock()

	l.turn.Lock()
	defer l.turn.Unlock()
	for !j.done {
		l.mu.Lock()
		n := min(len(l.queue), maxJobs)
		jobs := l.queue[:n:n]
		l.queue = l.queue[n:]
		l.mu.Unlock()
		l.write(jobs)
	}
	return j.err
}

// write writes the jobs together or, when one of them fails, each alone.
func (l *Ledger) write(jobs []*job) {
	err := l.guard(func() error {
		return l.db.Update(func(tx *bbolt.Tx) error {
			for _, j := range jobs {
				if err := j.do(tx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil && len(jobs) > 1 {
		for _, j := range jobs {
			l.write([]*job{j})
		}
		return
	}
	for _, j := range jobs {
		j.done, j.err = true, err
	}
}

func (l *Ledger) view(do func(*bbolt.Tx) error) error {
	return l.guard(func() error { return l.db.View(do) })
}

// guard keeps a page that can't be read from ending the process: bbolt panics over one
// that makes no sense, and touching one that the disk doesn't give is a fault. bbolt's
// locks may be held for ever after that, so nothing is asked of it again.
func (l *Ledger) guard(do func() error) error {
	if err := l.state(); err != nil {
		return err
	}
	stack, err := guarded(do)
	if stack == nil {
		return err
	}
	l.opts.Log.Error("the ledger can't be used any more", "err", err, "stack", string(stack))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = err
	return err
}

// state is why nothing is asked of bbolt any more, or nil.
func (l *Ledger) state() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// guarded runs do and, if it panics, gives where.
func guarded(do func() error) (stack []byte, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			stack, err = debug.Stack(), fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return nil, do()
}
