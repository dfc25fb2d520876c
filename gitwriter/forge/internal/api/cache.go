package api

import (
	"bytes"
	"compress/gzip"
	"container/list"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
)

// defaultCache bounds what a Cache holds. Answers of APIs shrink to about a tenth.
const defaultCache = 4 << 20

// Cache keeps answers that have an ETag, so that the server may say that nothing has
// changed (RFC 9110, section 13.1.2), which GitHub doesn't count against the limit.
// It belongs to one adapter, thus to one credential. The zero value is ready, and its
// methods may be called concurrently.
type Cache struct {
	// MaxBytes bounds what is kept, compressed; 0 means 4 MiB. What was used longest
	// ago goes first.
	MaxBytes int

	mu    sync.Mutex
	kept  map[string]*list.Element // by method, address and form
	order list.List                // of *keptAnswer, the last used first
	bytes int
}

type keptAnswer struct {
	key    string
	etag   string
	header http.Header
	body   []byte // compressed
}

// key tells requests apart: a server answers them differently by these.
func cacheKey(req *http.Request) string {
	return req.URL.String() + " " + req.Header.Get("Accept")
}

// ask adds to a request what is known of its answer, which it returns; nil for nothing.
func (c *Cache) ask(req *http.Request) (*http.Request, *keptAnswer) {
	if c == nil || req.Method != http.MethodGet || req.Header.Get("If-None-Match") != "" {
		return req, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.kept[cacheKey(req)]
	if element == nil {
		return req, nil
	}
	c.order.MoveToFront(element)
	known, _ := element.Value.(*keptAnswer)
	req = req.Clone(req.Context())
	req.Header.Set("If-None-Match", known.etag)
	return req, known
}

// answer puts what was kept in place of an answer that says that it is still true, and
// keeps what is new. The answer's body must have been read already.
func (c *Cache) answer(req *http.Request, resp *answer, known *keptAnswer) error {
	if c == nil || req.Method != http.MethodGet {
		return nil
	}
	if known != nil && resp.StatusCode == http.StatusNotModified {
		whole, err := known.read()
		if err != nil {
			return err
		}
		header := maps.Clone(known.header)
		maps.Copy(header, resp.Header) // of the limit, the newer words
		resp.StatusCode, resp.Status, resp.Header = http.StatusOK, "200 OK", header
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(whole)), int64(len(whole))
		return nil
	}
	if resp.StatusCode == http.StatusOK && resp.Header.Get("Etag") != "" {
		c.keep(cacheKey(req), resp.Header, resp.body)
	}
	return nil
}

func (k *keptAnswer) read() ([]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(k.body))
	if err != nil {
		return nil, fmt.Errorf("reading a kept answer: %w", err)
	}
	whole, err := io.ReadAll(unzipped) // as bounded as it was when it came
	if err != nil {
		return nil, fmt.Errorf("reading a kept answer: %w", err)
	}
	return whole, nil
}

func (c *Cache) keep(key string, header http.Header, body []byte) {
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, _ = writer.Write(body) // a buffer takes all
	_ = writer.Close()
	answer := &keptAnswer{key: key, etag: header.Get("Etag"), header: header.Clone(), body: zipped.Bytes()}
	limit := c.MaxBytes
	if limit <= 0 {
		limit = defaultCache
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.kept[key]; old != nil {
		c.drop(old)
	}
	if len(answer.body) > limit {
		return
	}
	if c.kept == nil {
		c.kept = map[string]*list.Element{}
	}
	c.kept[key] = c.order.PushFront(answer)
	c.bytes += len(answer.body)
	for c.bytes > limit {
		c.drop(c.order.Back())
	}
}

func (c *Cache) drop(element *list.Element) {
	answer, _ := c.order.Remove(element).(*keptAnswer)
	delete(c.kept, answer.key)
	c.bytes -= len(answer.body)
}
