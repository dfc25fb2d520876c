package forgetest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// page cuts the page asked for out of a list, and links to its neighbours as
// GitHub does: 30 items unless asked otherwise.
func page[T any](c *call, all []T) ([]T, http.Header) {
	query := c.r.URL.Query()
	size := min(positive(query.Get("per_page"), 30), c.maxPerPage)
	number := positive(query.Get("page"), 1)
	last := max((len(all)+size-1)/size, 1)
	start := min((number-1)*size, len(all))
	out := all[start:min(start+size, len(all))]

	var links []string
	link := func(n int, rel string) {
		to := *c.r.URL
		query.Set("page", strconv.Itoa(n))
		links = append(links, fmt.Sprintf("<%s%s>; rel=%q", c.apiBase(), (&url.URL{Path: to.Path, RawQuery: query.Encode()}).String(), rel))
	}
	if number > 1 {
		link(number-1, "prev")
		link(1, "first")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	header := http.Header{}
	if links != nil {
		header.Set("Link", strings.Join(links, ", "))
	}
	return out, header
}

func positive(text string, fallback int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return fallback
}

// listed renders one page of a list.
func listed[T any](c *call, all []T, render func(T) object) answer {
	part, header := page(c, all)
	out := make([]object, 0, len(part))
	for _, item := range part {
		out = append(out, render(item))
	}
	return answer{body: out, header: header}
}
