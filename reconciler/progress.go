package reconciler

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/health"
)

// Pauses between the words of one wait for health. Most waits are over before the first,
// and cost no write of the status.
const (
	progressAfter = 2 * time.Second
	progressEvery = 5 * time.Second
)

// waiting is a wait for health.
type waiting struct {
	targets []health.Target
	cancel  func()
	word
	forgeTold bool // of a trouble
}

// word is what a wait has to say of how it goes. It is put down as often as the health of
// an object changes, and taken by the worker, which is woken for it, now and then.
type word struct {
	mu     sync.Mutex
	report *health.Report // nil where there is no news
	timer  *time.Timer    // until it may be taken; nil where there is no news
	due    bool
	pause  time.Duration // before the next is taken
	over   bool
}

// put notes how things stand, and has the worker woken when it is time to tell.
func (p *word) put(report health.Report, wake func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.report = &report
	if p.timer != nil || p.over {
		return
	}
	if p.pause == 0 {
		p.pause = progressAfter
	}
	p.timer = time.AfterFunc(p.pause, func() {
		p.mu.Lock()
		p.due = true
		p.mu.Unlock()
		wake()
	})
}

// take gives the news, if it is time to tell of them.
func (p *word) take() *health.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.due || p.over {
		return nil
	}
	taken := p.report
	p.report, p.timer, p.due, p.pause = nil, nil, false, progressEvery
	return taken
}

// end has nothing told any more.
func (p *word) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.timer != nil {
		p.timer.Stop()
	}
}

// tellWaiting shows what an attempt waits for, in the words of what is in the way. Where
// the Sync was ready before, or says what failed, that stands until the wait is over.
func (w *work) tellWaiting() {
	if w.st.waiting == nil || !isUnknown(&w.st.status, v1.ConditionReady) || w.st.tried.generation != w.sync.Generation {
		return
	}
	report := w.st.waiting.take()
	if report == nil {
		return
	}
	w.board().awaiting(w.st.awaited, report.Summary())
	worst, ok := report.Worst()
	if !ok || worst.Trouble == health.Notable || w.st.waiting.forgeTold {
		return
	}
	w.st.waiting.forgeTold = true // the forge keeps every word, and a kubelet changes its mind with each try
	w.report(w.st.tried.revision, StatePending, "waiting for health: "+worst.Ref.String()+": "+worst.Reason)
}

// awaiting says what is in the way of what is waited for.
func (b board) awaiting(what, trouble string) {
	message := what + ": " + trouble
	b.set(v1.ConditionReady, metav1.ConditionUnknown, v1.ReasonProgressing, message)
	b.set(v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonProgressing, message)
	b.set(v1.ConditionHealthy, metav1.ConditionUnknown, v1.ReasonHealthProgressing, trouble)
}
