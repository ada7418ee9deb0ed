// Slow.java SLOW SILENT: what HttpClient sees of a server that is 500 ms away and of one that is silent, until both are
// normal again; a line `KEY VALUE` each, times in milliseconds.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

public class Slow {
    static HttpClient client(long connectMs) {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofMillis(connectMs)).build();
    }

    static CompletableFuture<String> ask(HttpClient client, String port, long timeoutMs) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
            .timeout(Duration.ofMillis(timeoutMs)).build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
            .thenApply(answer -> "" + answer.statusCode())
            .exceptionally(error -> error.getCause().getClass().getSimpleName());
    }

    static String timed(String key, HttpClient client, String port, long timeoutMs) {
        long started = System.nanoTime();
        String what = ask(client, port, timeoutMs).join();
        System.out.println(key + " " + what + "\n" + key + "_ms " + (System.nanoTime() - started) / 1000000);
        return what;
    }

    public static void main(String[] args) throws Exception {
        String slow = args[0], silent = args[1];
        HttpClient patient = client(60000);
        timed("silent", client(700), silent, 20000);
        timed("first", patient, slow, 20000);
        long started = System.nanoTime();
        var asked = IntStream.range(0, 20).mapToObj(i -> ask(patient, slow, 20000)).toList();
        long right = asked.stream().map(CompletableFuture::join).filter("200"::equals).count();
        System.out.println("many " + right + " of 20\nmany_ms " + (System.nanoTime() - started) / 1000000);
        timed("impatient", patient, slow, 200);
        for (int i = 0; i < 60; i++) {
            started = System.nanoTime();
            String a = ask(patient, slow, 20000).join(), b = ask(client(1000), silent, 1000).join();
            if (a.equals("200") && b.equals("200") && System.nanoTime() - started < 400000000L) {
                System.out.println("lifted " + a + " " + b);
                break;
            }
            Thread.sleep(100);
        }
        System.exit(0);
    }
}
