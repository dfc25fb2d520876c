// Command hello is the application that the demo updates: it answers with its
// version on port 8080.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	server := &http.Server{Addr: ":8080", ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := fmt.Fprintln(w, "hello from", os.Getenv("VERSION")); err != nil {
			log.Print(err)
		}
	})}
	log.Fatal(server.ListenAndServe())
}
