// App is the program in the images that the tests run as containers: it serves, after a while or at once, or crashes, or
// holds a Pod's namespaces.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	pause := flag.Bool("pause", false, "do nothing")
	crash := flag.Bool("crash", false, "end with status 3")
	after := flag.Duration("after", 0, "how long to take until it serves")
	flag.Parse()
	switch {
	case *crash:
		fmt.Fprintln(os.Stderr, "app: there is no database")
		os.Exit(3)
	case *pause:
		<-ctx.Done()
	default:
		serve(ctx, *after)
	}
}

// serve answers everything with 200, at port 8080.
func serve(ctx context.Context, after time.Duration) {
	select {
	case <-time.After(after):
	case <-ctx.Done():
		return
	}
	server := &http.Server{
		Addr: ":8080", ReadHeaderTimeout: time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }),
	}
	go func() {
		<-ctx.Done()
		_ = server.Close() // it ends anyway
	}()
	fmt.Fprintln(os.Stderr, "app:", server.ListenAndServe())
}
