import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.LogEvent;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Builds on an image of a registry by Jib's library, without a daemon:
 *
 * <pre>
 * zcc-jib build BASE DESTINATION     one layer more, with the empty file /built
 * zcc-jib export BASE DESTINATION    no layer more
 * </pre>
 *
 * Registries on plain HTTP are permitted. Login: ZCC_USERNAME and ZCC_PASSWORD. Caches are below HOME.
 */
public final class ZccJib {
  public static void main(String[] given) throws Exception {
    if (given.length != 3 || !List.of("build", "export").contains(given[0])) {
      System.err.println("error: zcc-jib build|export BASE DESTINATION");
      System.exit(2);
    }
    System.setProperty("sendCredentialsOverHttp", "true");
    Path home = Path.of(System.getenv("HOME"));
    try {
      JibContainerBuilder builder = Jib.from(image(given[1])).setFormat(ImageFormat.OCI);
      if (given[0].equals("build")) {
        Path file = Files.writeString(home.resolve("built"), "");
        builder.addLayer(List.of(file), AbsoluteUnixPath.get("/"));
      }
      Containerizer target =
          Containerizer.to(image(given[2]))
              .setAllowInsecureRegistries(true)
              .setBaseImageLayersCache(home.resolve("jib/base"))
              .setApplicationLayersCache(home.resolve("jib/own"))
              .addEventHandler(LogEvent.class, ZccJib::say);
      System.out.println(builder.containerize(target).getDigest());
      System.exit(0); // the threads of its HTTP client would go on
    } catch (Exception error) {
      System.err.println("error: " + error.getMessage());
      System.exit(1);
    }
  }

  private static RegistryImage image(String reference) throws Exception {
    RegistryImage image = RegistryImage.named(reference);
    String user = System.getenv().getOrDefault("ZCC_USERNAME", "");
    return user.isEmpty() ? image : image.addCredential(user, System.getenv("ZCC_PASSWORD"));
  }

  private static void say(LogEvent event) {
    if (event.getLevel() == LogEvent.Level.ERROR || event.getLevel() == LogEvent.Level.WARN) {
      System.err.println(event.getLevel() + ": " + event.getMessage());
    }
  }
}
