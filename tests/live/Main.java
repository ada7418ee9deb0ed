// Main.java N: an HTTP server asks itself N times, all at once: "shim" or "no shim", and how many answers were right.
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

public class Main {
    static final String BODY = "x".repeat(100000);

    static CompletableFuture<Integer> ask(HttpClient client, int port, int i) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/" + i))
            .timeout(Duration.ofSeconds(20)).build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
            .thenApply(answer -> answer.body().equals("/" + i + BODY) ? 1 : 0)
            .exceptionally(error -> 0);
    }

    public static void main(String[] args) throws Exception {
        int n = Integer.parseInt(args[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 100);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> {
            byte[] bytes = (exchange.getRequestURI().getPath() + BODY).getBytes();
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        int port = server.getAddress().getPort();
        var asked = IntStream.range(0, n).mapToObj(i -> ask(client, port, i)).toList();
        int right = asked.stream().mapToInt(CompletableFuture::join).sum();
        String shim = Files.readString(Path.of("/proc/self/maps")).contains("/libchaosctl.so") ? "shim" : "no shim";
        System.out.println(shim + " " + right + " of " + n);
        System.exit(0);
    }
}
