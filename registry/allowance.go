package registry

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// class is a kind of requests that a registry counts on its own.
type class int

const (
	anyRequest class = iota
	pulls            // GET of a manifest, which is what Docker Hub counts
	classes          // how many there are
)

func classOf(req *http.Request) class {
	if req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/manifests/") {
		return pulls
	}
	return anyRequest
}

// allowance is what an answer says about the requests to come.
type allowance struct {
	of    class
	left  int64         // requests
	reset time.Duration // until there are more; 0 where it isn't said
}

// allowanceOf reads the dialects in which servers tell how many requests they
// will take. Where there are several, one that has come to its end counts.
//
//   - RateLimit and RateLimit-Policy, structured fields (draft-ietf-httpapi-ratelimit-headers-08 and later);
//   - RateLimit with limit, remaining and reset (draft 07);
//   - RateLimit-Remaining and RateLimit-Reset (up to draft 06), and with X- before it;
//   - RateLimit-Remaining: 98;w=21600, Docker Hub's, for pulls alone, without reset
//     (https://docs.docker.com/docker-hub/usage/pulls).
func allowanceOf(h http.Header, now time.Time) (a allowance, known bool) {
	for _, read := range []func(http.Header, time.Time) (allowance, bool){structured, dockerHub, separate("RateLimit-"), separate("X-RateLimit-")} {
		if got, ok := read(h, now); ok && (!known || a.left > 0 && got.left == 0) {
			a, known = got, true
		}
	}
	return a, known
}

func structured(h http.Header, now time.Time) (a allowance, known bool) {
	value := strings.Join(h.Values("RateLimit"), ",")
	old := params(strings.ReplaceAll(value, ",", ";"))
	if left, ok := number(old["remaining"]); ok {
		return allowance{left: left, reset: resetIn(old["reset"], now)}, true
	}
	for policy := range strings.SplitSeq(value, ",") {
		item := params(policy)
		left, ok := number(item["r"])
		if !ok {
			continue
		}
		got := allowance{left: left, reset: resetIn(item["t"], now)}
		if !known || got.left == 0 && (a.left > 0 || got.reset > a.reset) {
			a, known = got, true
		}
	}
	return a, known
}

// dockerHub's window slides, so that one request comes back after its share of
// the window, however late the last of them does.
func dockerHub(h http.Header, _ time.Time) (allowance, bool) {
	text, rest, _ := strings.Cut(h.Get("RateLimit-Remaining"), ";")
	left, ok := number(text)
	item := params(rest)
	window, windowed := number(item["w"])
	if !ok || !windowed || h.Get("RateLimit-Reset") != "" {
		return allowance{}, false
	}
	limit, _, _ := strings.Cut(h.Get("RateLimit-Limit"), ";")
	share, _ := number(limit)
	return allowance{of: pulls, left: left, reset: seconds(window / max(share, 1))}, true
}

func separate(prefix string) func(http.Header, time.Time) (allowance, bool) {
	return func(h http.Header, now time.Time) (allowance, bool) {
		text, _, _ := strings.Cut(h.Get(prefix+"Remaining"), ";")
		left, ok := number(text)
		reset, _, _ := strings.Cut(h.Get(prefix+"Reset"), ";")
		return allowance{left: left, reset: resetIn(reset, now)}, ok && reset != ""
	}
}

// resetIn reads seconds from now, or since 1970 as GitHub and GitLab give them,
// or milliseconds since then; what is too great for the one is the other.
func resetIn(text string, now time.Time) time.Duration {
	const sinceEpoch, inMillis = 1e9, 1e12
	n, _ := number(text)
	switch {
	case n >= inMillis:
		return max(time.UnixMilli(n).Sub(now), 0)
	case n >= sinceEpoch:
		return max(time.Unix(n, 0).Sub(now), 0)
	}
	return seconds(n)
}

// params reads a;b=1;c="2". Keys without value are among them with "".
func params(text string) map[string]string {
	found := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if len(found) < 20 { // a policy has three or so
			found[strings.ToLower(strings.TrimSpace(key))] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return found
}

func number(text string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return max(n, 0), err == nil
}

func seconds(n int64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/int64(time.Second))) * time.Second
}
