package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// listed renders the page of a list that was asked for, with GitLab's headers for
// offset pagination: 20 items unless asked otherwise.
func listed[T any](c *call, all []T, render func(T) object) answer {
	query := c.r.URL.Query()
	size := min(positive(query.Get("per_page"), 20), cmp.Or(c.config.MaxPerPage, 100))
	page := positive(query.Get("page"), 1)
	pages := max((len(all)+size-1)/size, 1)
	start := min((page-1)*size, len(all))
	out := make([]object, 0, size)
	for _, item := range all[start:min(start+size, len(all))] {
		out = append(out, render(item))
	}
	header := http.Header{}
	for name, value := range map[string]int{
		"X-Page": page, "X-Per-Page": size, "X-Total": len(all), "X-Total-Pages": pages, "X-Prev-Page": page - 1, "X-Next-Page": page + 1,
	} {
		text := strconv.Itoa(value)
		if name == "X-Prev-Page" && page == 1 || name == "X-Next-Page" && page >= pages {
			text = ""
		}
		header.Set(name, text)
	}
	var links []string
	link := func(to int, rel string) {
		query.Set("page", strconv.Itoa(to))
		query.Set("per_page", strconv.Itoa(size))
		links = append(links, fmt.Sprintf("<%s%s?%s>; rel=%q", c.base, c.r.URL.EscapedPath(), query.Encode(), rel))
	}
	if page > 1 {
		link(page-1, "prev")
	}
	if page < pages {
		link(page+1, "next")
	}
	link(1, "first")
	link(pages, "last")
	header.Set("Link", strings.Join(links, ", "))
	return answer{body: out, header: header}
}

func positive(text string, fallback int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return fallback
}

// limit is the rate limit that a test asks for; the zero value has none.
type limit struct {
	remaining int
	reset     time.Time
}

// perMinute is what the headers call the limit.
const perMinute = 2000

// SetRateLimit leaves so many calls until the reset; further ones are answered 429.
func (s *Server) SetRateLimit(remaining int, reset time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = limit{remaining: remaining, reset: reset}
}

// spend counts a call and says so in the answer's headers, which GitLab has wherever a
// limit is set up.
func (l *limit) spend(header http.Header, now time.Time) (answer, bool) {
	if !now.Before(l.reset) {
		return answer{}, true
	}
	ok := l.remaining > 0
	if ok {
		l.remaining--
	}
	header.Set("RateLimit-Limit", strconv.Itoa(perMinute))
	header.Set("RateLimit-Name", "throttle_authenticated_api")
	header.Set("RateLimit-Observed", strconv.Itoa(perMinute-l.remaining))
	header.Set("RateLimit-Remaining", strconv.Itoa(l.remaining))
	header.Set("RateLimit-Reset", strconv.FormatInt(l.reset.Unix(), 10))
	header.Set("RateLimit-ResetTime", l.reset.UTC().Format(http.TimeFormat))
	if ok {
		return answer{}, true
	}
	wait := int(l.reset.Sub(now).Seconds()) + 1
	return answer{
		status: http.StatusTooManyRequests, text: "Retry later\n",
		header: http.Header{"Retry-After": {strconv.Itoa(wait)}},
	}, false
}
