package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"os"
	"time"

	"okey/config"
	"okey/internal/address"
	"okey/mail"
	"okey/okey"

	"github.com/google/uuid"
)

// tellAgain is how long a mail that the relay did not take waits for another attempt: the relay may be what is ill.
const tellAgain = 10 * time.Minute

// settling is how long after its own start daily lets what is wrong mend itself before it tells support. After a reboot or an upgrade this
// and OKEY start together: a database that recovers, migrations, the engine and the worker's first work take some minutes. What is wrong
// for longer is, and what goes wrong later is told at the next hour. Tests alone change it.
var settling = 5 * time.Minute

// lookAgain is how long it waits meanwhile.
var lookAgain = 15 * time.Second

// daily looks at once, and then each day at the hour of --daily, until ctx ends. What it finds wrong is mailed to support, who need not
// have read the log; what is well stands in the log alone.
func (c *DoctorCommand) daily(ctx context.Context, cfg *config.Config, out io.Writer) error {
	paris, _ := okey.AcademyByCode("01")
	hour, err := time.ParseInLocation("15:04", c.Daily, paris.Location())
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "--daily %s : ce n'est pas une heure. Écrivez-la comme le montre « okey doctor --help ».",
			c.Daily)
	}
	if err := cfg.Check(config.RoleWorker); err != nil { // with these settings it tells support
		return err
	}
	began := time.Now()
	for {
		ill, err := c.look(ctx, cfg, out)
		if stopped(ctx) { // what was looked at is not wrong for that
			return nil
		}
		if err != nil {
			ill = []string{describe(err)}
		}
		if len(ill) > 0 && time.Since(began) < settling {
			fmt.Fprintf(out, "Au démarrage, l'assistance n'est prévenue qu'après %s : nouvel examen.\n",
				okey.SayCount(int(settling.Minutes()), "minute"))
			if !wait(ctx, lookAgain) {
				return nil
			}
			continue
		}
		next := nextAt(time.Now().In(paris.Location()), hour)
		c.tellSupport(ctx, cfg, out, ill, next)
		if !wait(ctx, time.Until(next)) {
			return nil
		}
	}
}

// nextAt is the next instant at the hour and minute of at, in now's zone.
func nextAt(now, at time.Time) time.Time {
	next := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
	if !next.After(now) {
		next = time.Date(now.Year(), now.Month(), now.Day()+1, at.Hour(), at.Minute(), 0, 0, now.Location())
	}
	return next
}

func stopped(ctx context.Context) bool { return ctx.Err() != nil }

// wait tells whether the time passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// tellSupport mails what is wrong, again and again until the relay takes it, the next examination is due or ctx ends.
// Meanwhile a file beside the marks says that it knows of nothing: `okey healthcheck doctor` is ill as long as that is there.
func (c *DoctorCommand) tellSupport(ctx context.Context, cfg *config.Config, out io.Writer, ill []string, until time.Time) {
	_ = os.Remove(untold(c.Marks))
	if len(ill) == 0 {
		return
	}
	message, err := illness(cfg, ill, time.Now())
	if err != nil {
		c.noteUntold(out, err)
		return
	}
	err = send(ctx, cfg, message)
	for err != nil {
		c.noteUntold(out, err)
		if time.Until(until) < tellAgain || !wait(ctx, tellAgain) {
			return
		}
		err = send(ctx, cfg, message)
	}
	_ = os.Remove(untold(c.Marks))
	fmt.Fprintln(out, "L'assistance est prévenue par courriel.")
}

// untold is the file that says that support could not be told.
func untold(marks string) string { return marks + ".untold" }

func (c *DoctorCommand) noteUntold(out io.Writer, err error) {
	why := describe(err)
	fmt.Fprintf(out, "✗ courriel à l'assistance : %s\n", why)
	if c.Marks == "" {
		return
	}
	if err := os.WriteFile(untold(c.Marks), []byte(why+"\n"), 0o600); err != nil {
		fmt.Fprintf(out, "✗ %s ne peut être écrit (%s).\n", untold(c.Marks), config.Cause(err))
	}
}

// illness is the letter that says what was found.
func illness(cfg *config.Config, ill []string, now time.Time) (mail.Message, error) {
	support, err := netmail.ParseAddress(cfg.SupportMail)
	if err != nil {
		return mail.Message{}, err
	}
	paris, _ := okey.AcademyByCode("01")
	facts := mail.Facts{
		At: okey.SayTime(now, now, paris.Location()), Total: len(ill), Link: cfg.URL + address.PathDesk, Academy: cfg.AcademyName,
	}
	for _, line := range ill {
		facts.Items = append(facts.Items, mail.Item{Kind: line})
	}
	message, err := mail.Write(mail.Examined, facts)
	message.ID, message.To, message.Date = uuid.NewString(), support.Address, now
	return message, err
}

func send(ctx context.Context, cfg *config.Config, message mail.Message) (err error) {
	connection, err := mail.NewSender(mail.Relay(cfg.SMTP), cfg.MailFrom, cfg.SupportMail).Open()
	if err != nil {
		return err
	}
	defer connection.Close()
	err = connection.Send(ctx, message)
	var refused *mail.Permanent
	if errors.As(err, &refused) {
		return okey.Errorf(okey.CodeInvalid, "le relais refuse %s : vérifiez OKEY_SUPPORT_MAIL.", message.To)
	}
	return err
}
