# Runs what tests bring, and nothing else: add the tools that your tests need.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY Directory.Build.props Directory.Packages.props BannedSymbols.txt global.json .editorconfig ./
COPY src/ src/
RUN dotnet publish src/Worker -c Release -o /app

FROM mcr.microsoft.com/dotnet/runtime:10.0
WORKDIR /app
COPY --from=build /app ./
RUN mkdir /work && chown "$APP_UID" /work
VOLUME /work
USER $APP_UID
ENV Worker__WorkDirectory=/work
ENTRYPOINT ["dotnet", "LoadBalancer.Worker.dll"]
