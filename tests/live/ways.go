// The service of tests/live/ways.test, as Go has it: a net/http server that asks a Redis for PONG.
//
//	/        over a connection of its own each time: 200 PONG, or 502 and the error
//	/kept    over one that is kept, and made anew after an error
//	/child   CHILD asks, in a process of its own: 200, or 502 and what it printed
//	/healthz 200
//
// PORT BACK_PORT CHILD
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"
)

const patience = 300 * time.Millisecond

var (
	lock sync.Mutex
	kept net.Conn
)

func dial() (net.Conn, error) {
	return net.DialTimeout("tcp", "127.0.0.1:"+os.Getenv("BACK_PORT"), patience)
}

func ask(c net.Conn) error {
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && line != "+PONG\r\n" {
		err = fmt.Errorf("not PONG but %q", line)
	}
	return err
}

func askNew() error {
	c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return ask(c)
}

func askKept() (err error) {
	lock.Lock()
	defer lock.Unlock()
	if kept == nil {
		if kept, err = dial(); err != nil {
			kept = nil
			return err
		}
	}
	if err = ask(kept); err != nil {
		kept.Close()
		kept = nil
	}
	return err
}

func askChild() error {
	out, err := exec.Command(os.Getenv("CHILD")).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%v: %s", err, out)
	}
	return err
}

func page(path string, ask func() error) {
	http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if err := ask(); err != nil {
			http.Error(w, err.Error(), 502)
			return
		}
		fmt.Fprintln(w, "PONG")
	})
}

func main() {
	page("/", askNew)
	page("/kept", askKept)
	page("/child", askChild)
	page("/healthz", func() error { return nil })
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
