package event

import (
	"slices"
	"strings"
	"sync"
)

// Failures keeps count of what fails round after round, so that a registry which
// is down for an hour is told once and then ever more seldom, not each two seconds.
type Failures struct {
	mu     sync.Mutex
	counts map[string]failure // by subject
}

type failure struct {
	text  string // without its numbers
	times int
}

// Round compares this round's failures, by subject, with the last round's and
// gives the events that are worth telling: a failure when it is new or reads
// otherwise than before, numbers aside, and then at its 2nd, 4th, 8th… round, and one
// Recovered for each subject that failed before and was looked at and works.
// A subject for which examined is false is left as it was.
func (f *Failures) Round(repository string, failed map[string]error, examined func(subject string) bool) []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.counts = map[string]failure{}
	}
	var events []Event
	for _, subject := range sortedKeys(failed) {
		err := failed[subject]
		was := f.counts[subject]
		now := failure{text: withoutNumbers(err.Error()), times: was.times + 1}
		f.counts[subject] = now
		if was.text != now.text || now.times&(now.times-1) == 0 {
			events = append(events, Failed{Repository: repository, Subject: subject, Err: err, Times: now.times})
		}
	}
	for _, subject := range sortedKeys(f.counts) {
		if _, still := failed[subject]; still || !examined(subject) {
			continue
		}
		events = append(events, Recovered{Repository: repository, Subject: subject, Times: f.counts[subject].times})
		delete(f.counts, subject)
	}
	return events
}

// withoutNumbers keeps of a message what says which failure it is. Ports of our own
// side and waits that grow shorter differ each time.
func withoutNumbers(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, text)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
