package api

import "fmt"

// maxPages bounds a listing at 100,000 items; a server that goes on beyond is
// broken or hostile.
const maxPages = 1000

// Pages calls fetch for page 1 and then for each next page it returns, until
// that is 0. A server whose next page doesn't lie ahead is an error, not a loop.
func Pages(fetch func(page int) (next int, err error)) error {
	page := 1
	for {
		next, err := fetch(page)
		if err != nil || next == 0 {
			return err
		}
		if next <= page || next > maxPages {
			return fmt.Errorf("the server says that page %d follows page %d", next, page)
		}
		page = next
	}
}
