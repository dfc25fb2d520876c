package drift

import "time"

// Patience says how heals of one object are slowed down when they don't last, because someone writes back each time: two
// controllers that heal against each other would keep the API server busy for nothing.
type Patience struct {
	Free  int           // so many heals of an object come at once. Default: 3
	First time.Duration // the pause before the next one; each further pause is twice as long. Default: 1s
	Most  time.Duration // the longest pause. Default: 5m
	Quiet time.Duration // after so long without drift, the next one counts as the first again; at least twice Most. Default: 10m
}

func (p Patience) orDefault() Patience {
	if p.Free <= 0 {
		p.Free = 3
	}
	if p.First <= 0 {
		p.First = time.Second
	}
	if p.Most <= 0 {
		p.Most = 5 * time.Minute
	}
	if p.Quiet <= 0 {
		p.Quiet = 10 * time.Minute
	}
	p.Quiet = max(p.Quiet, 2*p.Most) // a pause of ours isn't quiet
	return p
}

// fight is an object's recent history of drift.
type fight struct {
	round int // how often it drifted of late
	last  time.Time
}

// delay returns how long to wait before telling of the next drift.
func (p Patience) delay(f fight, now time.Time) time.Duration {
	f = p.next(f, now)
	if f.round <= p.Free {
		return 0
	}
	pause := p.First
	for range f.round - p.Free - 1 {
		if pause >= p.Most {
			break
		}
		pause *= 2
	}
	return min(pause, p.Most)
}

// next counts one more drift.
func (p Patience) next(f fight, now time.Time) fight {
	if now.Sub(f.last) > p.Quiet {
		f.round = 0
	}
	return fight{round: f.round + 1, last: now}
}
